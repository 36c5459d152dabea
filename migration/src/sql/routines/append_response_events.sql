-- Appends events to the logs of many responses in one round trip, with the worker's rights. The
-- policies let the worker write events of every response that it holds, each for the user it
-- belongs to. Returns for each response whether the lease is held, and extends it. If
-- `p_is_durable`, it returns only once the events are on disk.
create or replace function app.append_response_events(
    p_worker uuid, p_is_durable boolean, p_responses uuid[], p_epochs bigint[],
    p_provider_ids text[], p_cursors bigint[], p_first_text_ages double precision[],
    -- Of each event: the index of its response.
    p_places integer[], p_first_seqs bigint[], p_seqs bigint[], p_kinds text[], p_payloads text[]
) returns boolean[]
    language plpgsql volatile
    -- Every row is found by its key: no other arguments need another plan, and a plan from when a
    -- table was small must not scan it when it has grown.
    set search_path = '' set plan_cache_mode = 'force_generic_plan' set enable_seqscan = off as $$
declare
    v_users uuid[] := '{}';
    v_user  uuid;
begin
    if not p_is_durable then
        -- If the database crashes, the next worker generates what is lost.
        perform pg_catalog.set_config('synchronous_commit', 'off', true);
    end if;
    -- The first text requests a title if there is none. Follow-up jobs come before what depends on
    -- the response, in the order in which a deletion locks.
    for i in 1 .. pg_catalog.cardinality(p_responses) loop
        if p_first_text_ages[i] >= 0
            and app.assume_lease(p_responses[i], p_worker, p_epochs[i]) is not null then
            insert into public.follow_up_jobs (user_id, conversation_id, kind)
            select c.user_id, c.id, 'title'
              from public.responses r
              join public.conversations c on c.user_id = r.user_id and c.id = r.conversation_id
             where r.id = p_responses[i] and c.title is null
                on conflict do nothing;
        end if;
    end loop;
    -- For no single user from here on.
    perform pg_catalog.set_config('app.lease_job', '', true);
    perform pg_catalog.set_config('app.event_writer', p_worker::text, true);
    -- From here to the commit no other worker can take a response over; one that did before
    -- keeps it.
    for i in 1 .. pg_catalog.cardinality(p_responses) loop
        v_user := null;
        update public.responses
           set lease_until = pg_catalog.clock_timestamp() + interval '30 seconds',
               provider_response_id =
                   coalesce(nullif(p_provider_ids[i], ''), provider_response_id),
               provider_cursor =
                   case when p_provider_ids[i] = '' then provider_cursor else p_cursors[i] end,
               first_text_at = case
                   when p_first_text_ages[i] < 0 then first_text_at
                   else coalesce(
                       first_text_at,
                       pg_catalog.clock_timestamp()
                           - pg_catalog.make_interval(secs => p_first_text_ages[i]))
                   end
         where id = p_responses[i] and lease_owner = p_worker and lease_epoch = p_epochs[i]
           and lease_until > pg_catalog.clock_timestamp()
     returning user_id into v_user;
        v_users := v_users || v_user;
    end loop;
    insert into public.response_events (response_id, user_id, first_seq, seq, kind, payload)
    select p_responses[e.place], v_users[e.place], e.first_seq, e.seq, e.kind, e.payload::jsonb
      from rows from (
               pg_catalog.unnest(p_places), pg_catalog.unnest(p_first_seqs),
               pg_catalog.unnest(p_seqs), pg_catalog.unnest(p_kinds), pg_catalog.unnest(p_payloads)
           ) as e (place, first_seq, seq, kind, payload)
     where v_users[e.place] is not null
        -- A commit whose confirmation was lost has written them already.
        on conflict do nothing;
    return array(select user_id is not null from pg_catalog.unnest(v_users) user_id);
end $$;
revoke all on function app.append_response_events(uuid, boolean, uuid[], bigint[], text[],
    bigint[], double precision[], integer[], bigint[], bigint[], text[], text[]) from public;
grant execute on function app.append_response_events(uuid, boolean, uuid[], bigint[], text[],
    bigint[], double precision[], integer[], bigint[], bigint[], text[], text[]) to
    ignacio_worker;
