-- Whether the current user is an active admin.
set local role ignacio_definer;
create or replace function app.is_admin() returns boolean
    language plpgsql stable security definer set search_path = '' as $$
begin
    return coalesce(
        (select u.is_admin and u.is_active from public.users u where u.id = app.current_user_id()),
        false);
end $$;
revoke all on function app.is_admin() from public;
grant execute on function app.is_admin() to ignacio_admin;
