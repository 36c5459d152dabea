-- Audits a read by an admin that needs no access grant.
set local role ignacio_definer;
create or replace function app.audit_read(p_action text, p_subject uuid, p_rows bigint) returns void
    language plpgsql volatile security definer set search_path = '' as $$
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    if p_action not in (
        'users.listed', 'user.read', 'user.unlocked', 'codes.listed', 'files.listed', 'usage.listed',
        'audit.listed') then
        raise insufficient_privilege using message = 'not a reading without a grant';
    end if;
    perform app.record_audit_event(p_action, app.current_user_id(), p_subject, null, null,
        pg_catalog.jsonb_build_object('n_rows', p_rows));
end $$;
revoke all on function app.audit_read(text, uuid, bigint) from public;
grant execute on function app.audit_read(text, uuid, bigint) to ignacio_admin;
