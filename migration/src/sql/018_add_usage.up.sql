-- What replies cost, and how much a person may use. A record outlives the conversation that it is of:
-- what was spent stays spent. It holds numbers and a model's name, and nothing that was said.
create table usage_records (
    -- The response's id for a reply; a new one for what is done beside it.
    id               uuid primary key default gen_random_uuid(),
    user_id          uuid not null references users (id) on delete cascade,
    kind             text not null
        constraint usage_records_kind_check check (kind in ('reply', 'title', 'summary')),
    model            text not null,
    -- `estimated` is what was deleted before its end: it counts as reserved.
    state            text not null
        constraint usage_records_state_check check (state in ('reserved', 'settled', 'estimated')),
    reserved_tokens  bigint not null default 0,
    reserved_micro   bigint not null default 0,
    input_tokens     bigint not null default 0,
    cached_tokens    bigint not null default 0,
    output_tokens    bigint not null default 0,
    reasoning_tokens bigint not null default 0,
    -- Millionths of a US dollar, at the price of that time.
    cost_micro       bigint not null default 0,
    settled_at       timestamptz,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now()
);
create index usage_records_user_idx on usage_records (user_id, created_at);
create index usage_records_created_idx on usage_records (created_at);
create index usage_records_open_idx on usage_records (user_id) where state = 'reserved';
create trigger usage_records_updated_at before update on usage_records
    for each row execute function app.set_updated_at();
alter table responses add column cost_micro bigint;
grant update (cost_micro) on responses to ignacio_worker;
alter table usage_records enable row level security;
alter table usage_records force row level security;

grant select on usage_records to ignacio_api, ignacio_worker, ignacio_admin;
create policy usage_records_api_select on usage_records
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy usage_records_worker_select on usage_records
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy usage_records_admin_select on usage_records
    for select to ignacio_admin using ((select app.is_admin()));
grant insert (id, user_id, kind, model, state, input_tokens, cached_tokens, output_tokens,
    reasoning_tokens, cost_micro, settled_at) on usage_records to ignacio_worker;
grant update (model, state, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_micro,
    settled_at) on usage_records to ignacio_worker;
create policy usage_records_worker_insert on usage_records
    for insert to ignacio_worker with check (user_id = (select app.leased_user_id()));
create policy usage_records_worker_update on usage_records
    for update to ignacio_worker using (user_id = (select app.leased_user_id()))
    with check (user_id = (select app.leased_user_id()));

grant select on usage_records to ignacio_definer;
grant insert (id, user_id, kind, model, state, reserved_tokens, reserved_micro) on usage_records
    to ignacio_definer;
grant update (state, output_tokens, cost_micro, settled_at, updated_at) on usage_records
    to ignacio_definer;
create policy usage_records_definer_select on usage_records
    for select to ignacio_definer using (true);
create policy usage_records_definer_insert on usage_records
    for insert to ignacio_definer with check (true);
create policy usage_records_definer_update on usage_records
    for update to ignacio_definer using (true) with check (true);

grant create on schema app to ignacio_definer;
set local role ignacio_definer;

-- Reserves what a reply may cost, unless that would be too much: then it says which limit is in the
-- way and until when, and reserves nothing. A limit that is null is none. One person's calls queue,
-- so that any number of replicas agree. Days and months are UTC's.
create function app.reserve_reply(
    p_response uuid, p_model text, p_tokens bigint, p_micro bigint, p_at_once integer,
    p_ten_minutes integer, p_day integer, p_day_tokens bigint, p_month_tokens bigint,
    p_day_micro bigint, p_month_micro bigint, out refusal text, out retry_at timestamptz
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
        raise exception using errcode = 'IG401', message = 'no live session';
    end if;
    perform pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended('usage ' || v_user::text, 0));
    v_now := pg_catalog.clock_timestamp();
    v_day := pg_catalog.date_trunc('day', v_now, 'UTC');
    v_month := pg_catalog.date_trunc('month', v_now, 'UTC');
    select count(*) filter (where it.state = 'reserved') as at_once,
           count(*) filter (where it.kind = 'reply' and it.created_at >= v_day) as day,
           coalesce(sum(it.tokens) filter (where it.created_at >= v_day), 0) as day_tokens,
           coalesce(sum(it.tokens) filter (where it.created_at >= v_month), 0) as month_tokens,
           coalesce(sum(it.micro) filter (where it.created_at >= v_day), 0) as day_micro,
           coalesce(sum(it.micro) filter (where it.created_at >= v_month), 0) as month_micro
      into v_sum
      from (select r.kind, r.state, r.created_at,
                   case r.state when 'settled' then r.input_tokens + r.output_tokens
                        else r.reserved_tokens end as tokens,
                   case r.state when 'reserved' then r.reserved_micro else r.cost_micro end as micro
              from public.usage_records r
             where r.user_id = v_user and (r.created_at >= v_month or r.state = 'reserved')) it;
    select r.created_at + interval '10 minutes' into retry_at
      from public.usage_records r
     where r.user_id = v_user and r.kind = 'reply' and r.created_at > v_now - interval '10 minutes'
     order by r.created_at desc offset p_ten_minutes - 1 limit 1;
    if v_sum.at_once >= p_at_once then
        refusal := 'replies-at-once';
        retry_at := null;
    elsif retry_at is not null then
        refusal := 'messages';
    elsif v_sum.day >= p_day then
        refusal := 'messages-of-the-day';
        retry_at := v_day + interval '1 day';
    elsif v_sum.day_tokens + p_tokens > p_day_tokens then
        refusal := 'tokens-of-the-day';
        retry_at := v_day + interval '1 day';
    elsif v_sum.day_micro + p_micro > p_day_micro then
        refusal := 'money-of-the-day';
        retry_at := v_day + interval '1 day';
    elsif v_sum.month_tokens + p_tokens > p_month_tokens then
        refusal := 'tokens-of-the-month';
        retry_at := pg_catalog.date_trunc('month', v_month + interval '40 days', 'UTC');
    elsif v_sum.month_micro + p_micro > p_month_micro then
        refusal := 'money-of-the-month';
        retry_at := pg_catalog.date_trunc('month', v_month + interval '40 days', 'UTC');
    else
        insert into public.usage_records
            (id, user_id, kind, model, state, reserved_tokens, reserved_micro)
        values (p_response, v_user, 'reply', p_model, 'reserved', p_tokens, p_micro);
    end if;
end $$;

-- A reply that is deleted before its end has no final object: what was begun counts as reserved, what
-- was not costs nothing.
create function app.settle_deleted() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    update public.usage_records r
       set state = case when old.started_at is null then 'settled' else 'estimated' end,
           cost_micro = case when old.started_at is null then 0 else r.reserved_micro end,
           settled_at = pg_catalog.clock_timestamp()
     where r.id = old.id and r.state = 'reserved';
    return old;
end $$;
revoke all on function app.settle_deleted(), app.reserve_reply(uuid, text, bigint, bigint, integer,
    integer, integer, bigint, bigint, bigint, bigint) from public;
grant execute on function app.settle_deleted() to ignacio_owner;
grant execute on function app.reserve_reply(uuid, text, bigint, bigint, integer, integer, integer,
    bigint, bigint, bigint, bigint) to ignacio_api;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;
create trigger responses_settle before delete on responses
    for each row when (old.state in ('queued', 'running')) execute function app.settle_deleted();

alter table audit_events drop constraint audit_events_action_check;
alter table audit_events add constraint audit_events_action_check check (action in (
    'session.opened', 'session.ended', 'session.reused', 'session.verified',
    'user.created', 'user.changed', 'user.deleted', 'user.read', 'users.listed', 'user.unlocked',
    'codes.listed', 'conversation.deleted', 'conversations.listed', 'messages.listed',
    'file.deleted', 'files.listed', 'usage.listed',
    'grant.created', 'audit.listed'));
grant create on schema app to ignacio_definer;
set local role ignacio_definer;
create or replace function app.note_read(p_action text, p_subject uuid, p_rows bigint) returns void
    language plpgsql volatile security definer set search_path = '' as $$
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    if p_action not in (
        'users.listed', 'user.read', 'user.unlocked', 'codes.listed', 'files.listed', 'usage.listed',
        'audit.listed') then
        raise insufficient_privilege using message = 'not a reading without a grant';
    end if;
    perform app.audit(p_action, app.current_user_id(), p_subject, null, null,
        pg_catalog.jsonb_build_object('n_rows', p_rows));
end $$;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;
