-- A cursor belongs to the person it was made for.
create or replace function app.enter_list(p_digest bytea, p_cursor_owner uuid) returns uuid
    language plpgsql volatile set search_path = '' as $$
declare
    v_user uuid;
begin
    select e.user_id into v_user from app.enter(p_digest) e;
    if p_cursor_owner is not null and p_cursor_owner <> v_user then
        raise exception using errcode = 'IG400', message = 'a cursor of somebody else';
    end if;
    return v_user;
end $$;
revoke all on function app.enter_list(bytea, uuid) from public;
grant execute on function app.enter_list(bytea, uuid) to ignacio_api;
