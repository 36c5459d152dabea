-- The log of replies, written for many of them in one round trip. It runs with the worker's rights
-- and enters each reply by its lease, one after the other, so that the policies narrow each write to
-- the person whose reply it is. Says for each reply whether its lease is held; when it is durable, it
-- says so only once the disk has it.

create function app.log_replies(
    p_worker uuid, p_is_durable boolean, p_responses uuid[], p_epochs bigint[], p_provider_ids text[], p_cursors bigint[],
    p_first_text_ages double precision[], p_n_rows integer[], p_first_seqs bigint[],
    p_seqs bigint[], p_kinds text[], p_payloads text[]
) returns boolean[]
    language plpgsql volatile set search_path = '' as $$
declare
    v_held boolean[] := '{}';
    v_user uuid;
    v_from integer := 1;
    v_to   integer;
begin
    if not p_is_durable then
        -- What is lost of these when the database dies is made again by the next worker.
        perform pg_catalog.set_config('synchronous_commit', 'off', true);
    end if;
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
            -- Where the provider is, and when the first text came. From here to the commit nobody takes
            -- the reply over; who did before has it.
            update public.responses
               set provider_response_id =
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
             where id = p_responses[i] and lease_owner = p_worker
               and lease_epoch = p_epochs[i] and lease_until > pg_catalog.clock_timestamp();
            if not found then
                v_user := null;
            end if;
        end if;
        if v_user is not null then
            -- A commit whose answer was lost has written them already.
            insert into public.response_events (response_id, user_id, first_seq, seq, kind, payload)
            select p_responses[i], v_user, p_first_seqs[j], p_seqs[j], p_kinds[j],
                   p_payloads[j]::jsonb
              from pg_catalog.generate_series(v_from, v_to) j
                on conflict do nothing;
        end if;
        v_held := v_held || (v_user is not null);
        v_from := v_to + 1;
    end loop;
    return v_held;
end $$;

revoke all on function app.log_replies(
    uuid, boolean, uuid[], bigint[], text[], bigint[], double precision[], integer[], bigint[], bigint[],
    text[], text[]
) from public;
grant execute on function app.log_replies(
    uuid, boolean, uuid[], bigint[], text[], bigint[], double precision[], integer[], bigint[], bigint[],
    text[], text[]
) to ignacio_worker;
