grant create on schema app to ignacio_definer;
set local role ignacio_definer;
create or replace function app.tail_responses(
    p_digests bytea[], p_responses uuid[], p_after bigint[]
) returns table (
    slot bigint, has_session boolean, has_response boolean, has_ended boolean,
    first_seq bigint, seq bigint, kind text, payload jsonb
)
    language sql stable security definer set search_path = '' as $$
    select t.slot, s.user_id is not null, r.id is not null,
           r.id is not null and r.state not in ('queued', 'running'), e.first_seq, e.seq, e.kind, e.payload
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
                      (select p.session_id from public.retired_tokens p
                        where p.token_hash = t.digest
                          and p.created_at > pg_catalog.now() - interval '15 minutes'))
                  and s.revoked_at is null
                  and s.expires_at > pg_catalog.now()
                  and s.idle_expires_at > pg_catalog.now()
                  and u.is_active
           ) s on true
      left join public.responses r on r.id = t.response and r.user_id = s.user_id
      left join public.response_events e on e.response_id = r.id and e.seq > t.after
     order by t.slot, e.seq
$$;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;

alter policy user_files_worker_select on user_files
    using ((select app.leased_user_id()) is null or user_id = (select app.leased_user_id()));
alter policy user_vector_stores_worker_select on user_vector_stores
    using ((select app.leased_user_id()) is null or user_id = (select app.leased_user_id()));
alter policy responses_worker_select on responses
    using ((select app.leased_user_id()) is null or user_id = (select app.leased_user_id()));
alter policy chores_worker_select on chores
    using ((select app.leased_user_id()) is null or user_id = (select app.leased_user_id()));
