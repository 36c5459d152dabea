set local role ignacio_definer;
create or replace function app.tell_of_new_number() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    insert into public.outbox (kind, user_id, phone_number)
    select 'phone_changed', new.id, it
      from pg_catalog.unnest(array[old.phone_number, new.phone_number]) it
     where not pg_catalog.starts_with(it, '+0');
    return null;
end $$;
revoke all on function app.tell_of_new_number() from public;
grant execute on function app.tell_of_new_number() to ignacio_owner;
