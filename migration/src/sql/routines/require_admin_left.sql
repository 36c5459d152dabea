-- Raises IGLAD if no other active admin is left. The lock makes two admins who remove each other's
-- rights take turns.
set local role ignacio_definer;
create or replace function app.require_admin_left() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    perform pg_catalog.pg_advisory_xact_lock(x'1647ac11'::integer);
    perform 1 from public.users u where u.id <> old.id and u.is_admin and u.is_active;
    if not found then
        raise exception using errcode = 'IGLAD', message = 'the last active admin';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
revoke all on function app.require_admin_left() from public;
grant execute on function app.require_admin_left() to ignacio_owner;
