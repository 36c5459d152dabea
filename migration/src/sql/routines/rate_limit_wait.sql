-- How long to wait until no limit is exhausted; null if none is. A limit is exhausted if the first
-- of its last `max_hits` hits is within the period.
create or replace function app.rate_limit_wait(p_ids uuid[], p_windows integer[], p_max integer[])
    returns interval
    language plpgsql volatile set search_path = '' as $$
begin
    return (
        select max(b.hits[pg_catalog.cardinality(b.hits) - l.max_hits + 1] + l.within
                       - pg_catalog.clock_timestamp())
          from (select t.id, pg_catalog.make_interval(secs => t.seconds) as within, t.max_hits
                  from rows from (
                           pg_catalog.unnest(p_ids), pg_catalog.unnest(p_windows),
                           pg_catalog.unnest(p_max)
                       ) t (id, seconds, max_hits)) l
          join public.rate_buckets b on b.id = l.id
         where b.hits[pg_catalog.cardinality(b.hits) - l.max_hits + 1]
               > pg_catalog.clock_timestamp() - l.within);
end $$;
revoke all on function app.rate_limit_wait(uuid[], integer[], integer[]) from public;
grant execute on function app.rate_limit_wait(uuid[], integer[], integer[]) to ignacio_auth;
