-- As `app.authenticate`, for a page of a list. Raises IGCUR if its cursor was made for another
-- user.
create or replace function app.authenticate_page(p_digest bytea, p_cursor_owner uuid) returns uuid
    language plpgsql volatile set search_path = '' as $$
declare
    v_user uuid;
begin
    select e.user_id into v_user from app.authenticate(p_digest) e;
    if p_cursor_owner is not null and p_cursor_owner <> v_user then
        raise exception using errcode = 'IGCUR', message = 'a cursor of another user';
    end if;
    return v_user;
end $$;
revoke all on function app.authenticate_page(bytea, uuid) from public;
grant execute on function app.authenticate_page(bytea, uuid) to ignacio_api;
