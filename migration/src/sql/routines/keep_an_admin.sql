-- Somebody has to be left who can let others in. The lock lets two who remove each other's rights
-- go one after the other.
set local role ignacio_definer;
create or replace function app.keep_an_admin() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    perform pg_catalog.pg_advisory_xact_lock(x'1647ac11'::integer);
    perform 1 from public.users u where u.id <> old.id and u.is_admin and u.is_active;
    if not found then
        raise exception using errcode = 'IG409', message = 'the last active admin';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
revoke all on function app.keep_an_admin() from public;
grant execute on function app.keep_an_admin() to ignacio_owner;
