-- Admins need a step-up to make admins, to reactivate them, to change phone numbers and to erase
-- users. Taking rights away needs none: it may be urgent.
set local role ignacio_definer;
create or replace function app.require_step_up_for_user_change() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    if session_user = 'ignacio_admin' then
        perform app.require_step_up();
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
revoke all on function app.require_step_up_for_user_change() from public;
grant execute on function app.require_step_up_for_user_change() to ignacio_owner;
