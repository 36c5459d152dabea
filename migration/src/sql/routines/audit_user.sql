-- Audits changes of users. What users change about themselves, through the request role, is not
-- audited. Of the new values only the flags are recorded.
set local role ignacio_definer;
create or replace function app.audit_user() returns trigger
    language plpgsql security definer set search_path = '' as $$
declare
    v_actor   uuid := app.audit_actor();
    v_changed text[];
begin
    if tg_op = 'INSERT' then
        perform app.record_audit_event('user.created', v_actor, new.id, null, null,
            pg_catalog.jsonb_build_object('is_admin', new.is_admin));
    elsif tg_op = 'DELETE' then
        perform app.record_audit_event('user.deleted', v_actor, old.id, null, null, '{}');
    elsif session_user = 'ignacio_admin' and v_actor = new.id then
        -- No policy lets admins change themselves: the setting was changed afterwards.
        raise exception using errcode = 'IGADM', message = 'an action without an actor';
    elsif session_user <> 'ignacio_api' then
        v_changed := pg_catalog.array_remove(array[
            case when new.name is distinct from old.name then 'name' end,
            case when new.phone_number is distinct from old.phone_number then 'phone' end,
            case when new.locale is distinct from old.locale then 'locale' end,
            case when new.is_admin is distinct from old.is_admin then 'is_admin' end,
            case when new.is_active is distinct from old.is_active then 'is_active' end], null);
        if pg_catalog.cardinality(v_changed) > 0 then
            perform app.record_audit_event('user.changed', v_actor, new.id, null, null,
                pg_catalog.jsonb_build_object('changed', pg_catalog.to_jsonb(v_changed),
                    'is_admin', new.is_admin, 'is_active', new.is_active));
        end if;
    end if;
    return null;
end $$;
revoke all on function app.audit_user() from public;
grant execute on function app.audit_user() to ignacio_owner;
