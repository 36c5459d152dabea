-- The user whose conversations this transaction may read under an access grant.
set local role ignacio_definer;
create or replace function app.readable_user_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
begin
    return (select r.user_id from app.authorized_read() r);
end $$;
revoke all on function app.readable_user_id() from public;
grant execute on function app.readable_user_id() to ignacio_admin;
