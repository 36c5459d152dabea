-- New events for many readers in one round trip, each authenticated by its own token. A stream
-- outlives the replacement of its token, for 15 minutes at most. Rows are found by keys, whatever
-- the planner knows about the tables: `offset 0` keeps it from joining whole tables and from
-- reading all events of a response to find that none is new. The plan is generic, and made for
-- large tables.
set local role ignacio_definer;
create or replace function app.poll_response_events(
    p_digests bytea[], p_responses uuid[], p_after bigint[]
) returns table (
    slot bigint, has_session boolean, has_response boolean, has_ended boolean,
    first_seq bigint, seq bigint, kind text, payload jsonb
)
    language plpgsql stable security definer
    set search_path = '' set plan_cache_mode = 'force_generic_plan' set enable_seqscan = off as $$
begin
    return query
    select t.slot, s.user_id is not null, r.state is not null,
           coalesce(r.state not in ('queued', 'running'), false),
           e.first_seq, e.seq, e.kind, e.payload
      from rows from (
               pg_catalog.unnest(p_digests), pg_catalog.unnest(p_responses),
               pg_catalog.unnest(p_after)
           ) with ordinality as t (digest, response, after, slot)
      left join lateral (
               select s.user_id
                 from public.user_sessions s
                 join public.users u on u.id = s.user_id
                where s.id = coalesce(
                      (select c.id from public.user_sessions c where c.token_hash = t.digest),
                      -- The token was replaced after the stream had begun.
                      (select p.session_id from public.retired_tokens p
                        where p.token_hash = t.digest
                          and p.created_at > pg_catalog.now() - interval '15 minutes'))
                  and s.revoked_at is null
                  and s.expires_at > pg_catalog.now()
                  and s.idle_expires_at > pg_catalog.now()
                  and u.is_active
               offset 0
           ) s on true
      left join lateral (
               select r.state from public.responses r
                where r.id = t.response and r.user_id = s.user_id
               offset 0
           ) r on true
      left join lateral (
               select e.first_seq, e.seq, e.kind, e.payload from public.response_events e
                where e.response_id = t.response and e.seq > t.after and r.state is not null
               offset 0
           ) e on true
     order by t.slot, e.seq;
end $$;
revoke all on function app.poll_response_events(bytea[], uuid[], bigint[]) from public;
grant execute on function app.poll_response_events(bytea[], uuid[], bigint[]) to ignacio_api;
