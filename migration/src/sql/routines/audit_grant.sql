-- Audits an access grant.
set local role ignacio_definer;
create or replace function app.audit_grant() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    perform app.record_audit_event('grant.created', new.admin_id, new.user_id, new.id, new.reason,
        pg_catalog.jsonb_build_object('expires_at', new.expires_at));
    return null;
end $$;
revoke all on function app.audit_grant() from public;
grant execute on function app.audit_grant() to ignacio_owner;
