set local role ignacio_definer;
create or replace function app.read_conversation_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
begin
    return (select r.conversation_id from app.reading() r);
end $$;
revoke all on function app.read_conversation_id() from public;
grant execute on function app.read_conversation_id() to ignacio_admin;
