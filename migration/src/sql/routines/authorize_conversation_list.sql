-- Allows this transaction to list a user's conversations. Raises IGNFD if there is no such user,
-- and IGGRT without a live access grant.
set local role ignacio_definer;
create or replace function app.authorize_conversation_list(p_user uuid) returns void
    language plpgsql volatile security definer set search_path = '' as $$
begin
    perform 1 from public.users u where u.id = p_user;
    if not found and app.is_admin() then
        raise exception using errcode = 'IGNFD', message = 'no such user';
    end if;
    perform app.authorize_read('conversations.listed', p_user, null);
end $$;
revoke all on function app.authorize_conversation_list(uuid) from public;
grant execute on function app.authorize_conversation_list(uuid) to ignacio_admin;
