-- Counts a hit against every limit, unless one is exhausted: then it returns the time to wait and
-- counts nothing. Limit i allows `p_max[i]` hits in `p_windows[i]` on the bucket `p_checked[i]`;
-- the hit is counted in `p_counted[i]`, which differs for requests that cost the same but are
-- counted apart. Rows are locked in the order of their ids, so any number of callers agree on every
-- count.
create or replace function app.rate_limit_hit(
    p_checked uuid[], p_counted uuid[], p_windows integer[], p_max integer[]
) returns interval
    language plpgsql volatile set search_path = '' as $$
declare
    v_wait interval := app.rate_limit_wait(p_checked, p_windows, p_max);
begin
    -- A caller that has to wait creates no rows and blocks no other.
    if v_wait is not null then
        return v_wait;
    end if;
    insert into public.rate_buckets (id)
    select distinct bucket from pg_catalog.unnest(p_checked || p_counted) bucket order by bucket
        on conflict do nothing;
    perform 1 from public.rate_buckets b
      where b.id = any (p_checked || p_counted) order by b.id for update;
    v_wait := app.rate_limit_wait(p_checked, p_windows, p_max);
    if v_wait is null then
        update public.rate_buckets b
           set hits = b.hits[pg_catalog.cardinality(b.hits) - k.max_hits + 2 :]
                   || pg_catalog.clock_timestamp()
          from (select l.id, max(l.max_hits) as max_hits
                  from rows from (pg_catalog.unnest(p_counted), pg_catalog.unnest(p_max))
                       l (id, max_hits)
                 group by l.id) k
         where b.id = k.id;
    end if;
    return v_wait;
end $$;
revoke all on function app.rate_limit_hit(uuid[], uuid[], integer[], integer[]) from public;
grant execute on function app.rate_limit_hit(uuid[], uuid[], integer[], integer[]) to
    ignacio_auth;
