-- Settles the usage of a response that is deleted before its end: one that had started counts as
-- reserved, one that had not costs nothing.
set local role ignacio_definer;
create or replace function app.settle_deleted_response() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    update public.usage_records r
       set state = case when old.started_at is null then 'settled' else 'estimated' end,
           cost_micro = case when old.started_at is null then 0 else r.reserved_micro end,
           settled_at = pg_catalog.clock_timestamp()
     where r.id = old.id and r.state = 'reserved';
    return old;
end $$;
revoke all on function app.settle_deleted_response() from public;
grant execute on function app.settle_deleted_response() to ignacio_owner;
