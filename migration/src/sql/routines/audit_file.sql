-- Audits the deletion of a file.
set local role ignacio_definer;
create or replace function app.audit_file() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    perform app.record_audit_event('file.deleted', app.audit_actor(), new.user_id, new.id, null, '{}');
    return null;
end $$;
revoke all on function app.audit_file() from public;
grant execute on function app.audit_file() to ignacio_owner;
