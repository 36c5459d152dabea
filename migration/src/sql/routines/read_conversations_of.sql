-- Lets this transaction list a person's conversations; IG404 where there is no such person.
set local role ignacio_definer;
create or replace function app.read_conversations_of(p_user uuid) returns void
    language plpgsql volatile security definer set search_path = '' as $$
begin
    perform 1 from public.users u where u.id = p_user;
    if not found and app.is_admin() then
        raise exception using errcode = 'IG404', message = 'no such person';
    end if;
    perform app.begin_read('conversations.listed', p_user, null);
end $$;
revoke all on function app.read_conversations_of(uuid) from public;
grant execute on function app.read_conversations_of(uuid) to ignacio_admin;
