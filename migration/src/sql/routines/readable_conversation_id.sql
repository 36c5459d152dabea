-- The conversation that this transaction may read under an access grant; null for the list.
set local role ignacio_definer;
create or replace function app.readable_conversation_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
begin
    return (select r.conversation_id from app.authorized_read() r);
end $$;
revoke all on function app.readable_conversation_id() from public;
grant execute on function app.readable_conversation_id() to ignacio_admin;
