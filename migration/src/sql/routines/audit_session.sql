-- Audits the life of a session: opened, ended, reused, verified.
set local role ignacio_definer;
create or replace function app.audit_session() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'INSERT' then
        perform app.record_audit_event('session.opened', new.user_id, new.user_id, new.id, null, '{}');
    elsif new.revoked_at is not distinct from old.revoked_at then
        perform app.record_audit_event('session.verified', new.user_id, new.user_id, new.id, null, '{}');
    else
        perform app.record_audit_event(
            case when new.reused_at is null then 'session.ended' else 'session.reused' end,
            app.audit_actor(), new.user_id, new.id, null, '{}');
    end if;
    return null;
end $$;
revoke all on function app.audit_session() from public;
grant execute on function app.audit_session() to ignacio_owner;
