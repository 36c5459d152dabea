-- A reply that is deleted before its end has no final object: what was begun counts as reserved, what
-- was not costs nothing.
set local role ignacio_definer;
create or replace function app.settle_deleted() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    update public.usage_records r
       set state = case when old.started_at is null then 'settled' else 'estimated' end,
           cost_micro = case when old.started_at is null then 0 else r.reserved_micro end,
           settled_at = pg_catalog.clock_timestamp()
     where r.id = old.id and r.state = 'reserved';
    return old;
end $$;
revoke all on function app.settle_deleted() from public;
grant execute on function app.settle_deleted() to ignacio_owner;
