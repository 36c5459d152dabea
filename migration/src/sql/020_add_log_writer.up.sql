-- The log of replies, written for many of them in one round trip. It runs with the worker's rights
-- and enters each reply by its lease, one after the other, so that the policies narrow each write to
-- the person whose reply it is. Says for each reply whether its lease is held.

create function app.log_replies(
    p_worker uuid, p_responses uuid[], p_epochs bigint[], p_provider_ids text[], p_cursors bigint[],
    p_first_text_ages double precision[], p_n_rows integer[], p_first_seqs bigint[], p_seqs bigint[], p_kinds text[], p_payloads text[]
) returns boolean[]
    language plpgsql volatile set search_path = '' as $$
declare
    v_held boolean[] := '{}';
    v_user uuid;
    v_from integer := 1;
    v_to   integer;
begin
    -- What is lost of these with the disk's cache is made again by the next worker.
    perform pg_catalog.set_config('synchronous_commit', 'off', true);
    for i in 1 .. pg_catalog.cardinality(p_responses) loop
        v_to := v_from + p_n_rows[i] - 1;
        v_user := app.act_for(p_responses[i], p_worker, p_epochs[i]);
        if v_user is not null then
            -- The first text: when it came, and a title is asked for where there is none. Chores come
            -- before what hangs on the response, in the order in which a deletion goes.
            if p_first_text_ages[i] >= 0 then
                insert into public.chores (user_id, conversation_id, kind)
                select c.user_id, c.id, 'title'
                  from public.responses r
                  join public.conversations c
                    on c.user_id = r.user_id and c.id = r.conversation_id
                 where r.id = p_responses[i] and c.title is null
                    on conflict do nothing;
            end if;
            -- Nobody takes the reply over between here and the commit; who did before has it.
            perform 1 from public.responses r
              where r.id = p_responses[i] and r.lease_owner = p_worker
                and r.lease_epoch = p_epochs[i] and r.lease_until > pg_catalog.clock_timestamp()
                for no key update;
            if not found then
                v_user := null;
            end if;
        end if;
        if v_user is not null then
            if p_first_text_ages[i] >= 0 then
                update public.responses
                   set first_text_at = coalesce(
                           first_text_at,
                           pg_catalog.clock_timestamp()
                               - pg_catalog.make_interval(secs => p_first_text_ages[i]))
                 where id = p_responses[i];
            end if;
            -- A commit whose answer was lost has written them already.
            insert into public.response_events (response_id, user_id, first_seq, seq, kind, payload)
            select p_responses[i], v_user, p_first_seqs[j], p_seqs[j], p_kinds[j],
                   p_payloads[j]::jsonb
              from pg_catalog.generate_series(v_from, v_to) j
                on conflict do nothing;
            if p_provider_ids[i] <> '' then
                update public.responses
                   set provider_response_id = p_provider_ids[i], provider_cursor = p_cursors[i]
                 where id = p_responses[i];
            end if;
        end if;
        v_held := v_held || (v_user is not null);
        v_from := v_to + 1;
    end loop;
    return v_held;
end $$;

revoke all on function app.log_replies(
    uuid, uuid[], bigint[], text[], bigint[], double precision[], integer[], bigint[], bigint[],
    text[], text[]
) from public;
grant execute on function app.log_replies(
    uuid, uuid[], bigint[], text[], bigint[], double precision[], integer[], bigint[], bigint[],
    text[], text[]
) to ignacio_worker;
