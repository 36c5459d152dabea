-- The user of the live session with this digest; raises as `app.authenticate` does.
create or replace function app.authenticated_user(p_digest bytea) returns setof public.users
    language plpgsql volatile set search_path = '' as $$
begin
    perform app.authenticate(p_digest);
    return query select u.* from public.users u where u.id = (select app.current_user_id());
end $$;
revoke all on function app.authenticated_user(bytea) from public;
grant execute on function app.authenticated_user(bytea) to ignacio_api;
