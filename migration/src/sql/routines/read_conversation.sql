-- Lets this transaction show one conversation. Where there is none, the answer is the same as where
-- there is no grant: IG403.
set local role ignacio_definer;
create or replace function app.read_conversation(p_conversation uuid) returns uuid
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_user uuid;
begin
    select c.user_id into v_user from public.conversations c where c.id = p_conversation;
    perform app.begin_read('messages.listed', v_user, p_conversation);
    return v_user;
end $$;
revoke all on function app.read_conversation(uuid) from public;
grant execute on function app.read_conversation(uuid) to ignacio_admin;
