-- Counts one more, unless that would be too many: then it gives the time to wait, and counts nothing.
-- Each limit is `p_most` within so many seconds, of what `p_looked_at` names; counted is in
-- `p_counted`, which is another for what shall cost the same and not be counted with the rest. Rows
-- are locked in the order of their ids, so any number of callers agree on every count.
create or replace function app.take_turn(
    p_looked_at uuid[], p_counted uuid[], p_seconds integer[], p_most integer[]
) returns interval
    language plpgsql volatile set search_path = '' as $$
declare
    v_wait interval := app.wait_for_turn(p_looked_at, p_seconds, p_most);
begin
    -- Who has to wait anyway makes no rows and holds nobody up.
    if v_wait is not null then
        return v_wait;
    end if;
    insert into public.rate_buckets (id)
    select distinct it from pg_catalog.unnest(p_looked_at || p_counted) it order by it
        on conflict do nothing;
    perform 1 from public.rate_buckets b
      where b.id = any (p_looked_at || p_counted) order by b.id for update;
    v_wait := app.wait_for_turn(p_looked_at, p_seconds, p_most);
    if v_wait is null then
        update public.rate_buckets b
           set hits = b.hits[pg_catalog.cardinality(b.hits) - k.most + 2 :]
                   || pg_catalog.clock_timestamp()
          from (select l.id, max(l.most) as most
                  from rows from (pg_catalog.unnest(p_counted), pg_catalog.unnest(p_most))
                       l (id, most)
                 group by l.id) k
         where b.id = k.id;
    end if;
    return v_wait;
end $$;
revoke all on function app.take_turn(uuid[], uuid[], integer[], integer[]) from public;
grant execute on function app.take_turn(uuid[], uuid[], integer[], integer[]) to ignacio_auth;
