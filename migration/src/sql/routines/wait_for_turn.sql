-- How long to wait for a turn; null for not at all. Full is what has so many hits that the first of
-- the last `most` is still within the time.
create or replace function app.wait_for_turn(p_ids uuid[], p_seconds integer[], p_most integer[])
    returns interval
    language plpgsql volatile set search_path = '' as $$
begin
    return (
        select max(b.hits[pg_catalog.cardinality(b.hits) - l.most + 1] + l.within
                       - pg_catalog.clock_timestamp())
          from (select it.id, pg_catalog.make_interval(secs => it.seconds) as within, it.most
                  from rows from (
                           pg_catalog.unnest(p_ids), pg_catalog.unnest(p_seconds),
                           pg_catalog.unnest(p_most)
                       ) it (id, seconds, most)) l
          join public.rate_buckets b on b.id = l.id
         where b.hits[pg_catalog.cardinality(b.hits) - l.most + 1]
               > pg_catalog.clock_timestamp() - l.within);
end $$;
revoke all on function app.wait_for_turn(uuid[], integer[], integer[]) from public;
grant execute on function app.wait_for_turn(uuid[], integer[], integer[]) to ignacio_auth;
