-- Checks the admin's access grant, audits the read and remembers the event for the rest of this
-- transaction (`app.authorized_read`).
set local role ignacio_definer;
create or replace function app.authorize_read(p_action text, p_subject uuid, p_target uuid) returns void
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_admin  uuid := app.current_user_id();
    v_reason text;
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    select g.reason into v_reason
      from public.access_grants g
     where g.admin_id = v_admin and g.user_id = p_subject
       and g.expires_at > pg_catalog.now() and g.created_at < pg_catalog.now()
     order by g.expires_at desc limit 1;
    if not found then
        raise exception using errcode = 'IGGRT', message = 'no live grant';
    end if;
    perform pg_catalog.set_config('app.authorized_read',
        app.record_audit_event(p_action, v_admin, p_subject, p_target, v_reason, '{}')::text, true);
end $$;
revoke all on function app.authorize_read(text, uuid, uuid) from public;
