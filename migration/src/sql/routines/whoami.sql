-- The current user's own row.
create or replace function app.whoami(p_digest bytea) returns setof public.users
    language plpgsql volatile set search_path = '' as $$
begin
    perform app.authenticate(p_digest);
    return query select u.* from public.users u where u.id = (select app.current_user_id());
end $$;
revoke all on function app.whoami(bytea) from public;
grant execute on function app.whoami(bytea) to ignacio_api;
