-- The staff make admins, let them in again, change numbers and remove people only with a fresh code.
-- Taking rights away needs none: it may have to be quick.
set local role ignacio_definer;
create or replace function app.guard_account() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    if session_user = 'ignacio_admin' then
        perform app.require_step_up();
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
revoke all on function app.guard_account() from public;
grant execute on function app.guard_account() to ignacio_owner;
