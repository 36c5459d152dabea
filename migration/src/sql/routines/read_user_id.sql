set local role ignacio_definer;
create or replace function app.read_user_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
begin
    return (select r.user_id from app.reading() r);
end $$;
revoke all on function app.read_user_id() from public;
grant execute on function app.read_user_id() to ignacio_admin;
