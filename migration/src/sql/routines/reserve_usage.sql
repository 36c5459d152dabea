-- Reserves what a response may cost, unless that exceeds a limit: then it returns which one and
-- until when, and reserves nothing. A limit that is null does not apply. Calls of one user queue,
-- so that any number of replicas agree. Days and months are in UTC.
set local role ignacio_definer;
create or replace function app.reserve_usage(
    p_response uuid, p_model text, p_tokens bigint, p_cost_micro bigint, p_concurrent integer,
    p_per_ten_minutes integer, p_per_day integer, p_tokens_per_day bigint,
    p_tokens_per_month bigint, p_cost_micro_per_day bigint, p_cost_micro_per_month bigint,
    out refusal text, out retry_at timestamptz
)
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_user  uuid := app.current_user_id();
    v_now   timestamptz;
    v_day   timestamptz;
    v_month timestamptz;
    v_sum   record;
begin
    if v_user is null then
        raise exception using errcode = 'IGSES', message = 'no live session';
    end if;
    perform pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended('usage ' || v_user::text, 0));
    v_now := pg_catalog.clock_timestamp();
    v_day := pg_catalog.date_trunc('day', v_now, 'UTC');
    v_month := pg_catalog.date_trunc('month', v_now, 'UTC');
    select count(*) filter (where u.state = 'reserved') as concurrent,
           count(*) filter (where u.kind = 'reply' and u.created_at >= v_day) as day,
           coalesce(sum(u.tokens) filter (where u.created_at >= v_day), 0) as day_tokens,
           coalesce(sum(u.tokens) filter (where u.created_at >= v_month), 0) as month_tokens,
           coalesce(sum(u.micro) filter (where u.created_at >= v_day), 0) as day_micro,
           coalesce(sum(u.micro) filter (where u.created_at >= v_month), 0) as month_micro
      into v_sum
      from (select r.kind, r.state, r.created_at,
                   case r.state when 'settled' then r.input_tokens + r.output_tokens
                        else r.reserved_tokens end as tokens,
                   case r.state when 'reserved' then r.reserved_micro else r.cost_micro end as micro
              from public.usage_records r
             where r.user_id = v_user and (r.created_at >= v_month or r.state = 'reserved')) u;
    select r.created_at + interval '10 minutes' into retry_at
      from public.usage_records r
     where r.user_id = v_user and r.kind = 'reply' and r.created_at > v_now - interval '10 minutes'
     order by r.created_at desc offset p_per_ten_minutes - 1 limit 1;
    if v_sum.concurrent >= p_concurrent then
        refusal := 'replies-at-once';
        retry_at := null;
    elsif retry_at is not null then
        refusal := 'messages';
    elsif v_sum.day >= p_per_day then
        refusal := 'messages-of-the-day';
        retry_at := v_day + interval '1 day';
    elsif v_sum.day_tokens + p_tokens > p_tokens_per_day then
        refusal := 'tokens-of-the-day';
        retry_at := v_day + interval '1 day';
    elsif v_sum.day_micro + p_cost_micro > p_cost_micro_per_day then
        refusal := 'money-of-the-day';
        retry_at := v_day + interval '1 day';
    elsif v_sum.month_tokens + p_tokens > p_tokens_per_month then
        refusal := 'tokens-of-the-month';
        retry_at := pg_catalog.date_trunc('month', v_month + interval '40 days', 'UTC');
    elsif v_sum.month_micro + p_cost_micro > p_cost_micro_per_month then
        refusal := 'money-of-the-month';
        retry_at := pg_catalog.date_trunc('month', v_month + interval '40 days', 'UTC');
    else
        insert into public.usage_records
            (id, user_id, kind, model, state, reserved_tokens, reserved_micro)
        values (p_response, v_user, 'reply', p_model, 'reserved', p_tokens, p_cost_micro);
    end if;
end $$;
revoke all on function app.reserve_usage(uuid, text, bigint, bigint, integer, integer, integer,
    bigint, bigint, bigint, bigint) from public;
grant execute on function app.reserve_usage(uuid, text, bigint, bigint, integer, integer, integer,
    bigint, bigint, bigint, bigint) to ignacio_api;
