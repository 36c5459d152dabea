-- Queues a notice to the old and the new phone number that the number has changed.
set local role ignacio_definer;
create or replace function app.notify_phone_change() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    insert into public.outbox (kind, user_id, phone_number)
    select 'phone_changed', new.id, number
      from pg_catalog.unnest(array[old.phone_number, new.phone_number]) number
     where not pg_catalog.starts_with(number, '+0');
    return null;
end $$;
revoke all on function app.notify_phone_change() from public;
grant execute on function app.notify_phone_change() to ignacio_owner;
