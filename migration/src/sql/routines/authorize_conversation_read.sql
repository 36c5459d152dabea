-- Allows this transaction to read one conversation, and returns its owner. A conversation that does
-- not exist looks like one without an access grant: IGGRT.
set local role ignacio_definer;
create or replace function app.authorize_conversation_read(p_conversation uuid) returns uuid
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_user uuid;
begin
    select c.user_id into v_user from public.conversations c where c.id = p_conversation;
    perform app.authorize_read('messages.listed', v_user, p_conversation);
    return v_user;
end $$;
revoke all on function app.authorize_conversation_read(uuid) from public;
grant execute on function app.authorize_conversation_read(uuid) to ignacio_admin;
