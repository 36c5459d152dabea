-- Audits the deletion of a conversation. When a whole user is erased, one event says so, not one
-- for each conversation.
set local role ignacio_definer;
create or replace function app.audit_conversation() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    perform 1 from public.users u where u.id = old.user_id;
    if found then
        perform app.record_audit_event('conversation.deleted', app.audit_actor(), old.user_id, old.id, null, '{}');
    end if;
    return null;
end $$;
revoke all on function app.audit_conversation() from public;
grant execute on function app.audit_conversation() to ignacio_owner;
