-- How often a code may be asked for and tried, on which devices, and how the service watches over it.
-- All of it is the login's (`ignacio_auth`): before there is an identity, no row is anybody's.

-- When something happened last. The id is a keyed digest of what is counted, so that neither numbers
-- nor addresses are kept; for a known device it is the device's own.
create table rate_buckets (
    id         uuid primary key,
    -- In order, the newest last; as many as the largest limit on it needs.
    hits       timestamptz[] not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index rate_buckets_updated_idx on rate_buckets (updated_at);

-- Tries that did not end in a login, since the last one that did, under the same ids.
create table login_failures (
    id           uuid primary key,
    failures     integer not null default 0,
    paused_until timestamptz,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create index login_failures_updated_idx on login_failures (updated_at);

-- A device that its person has logged in with before. It has a budget of its own, so that strangers
-- who use up the number's do not lock its owner out.
create table known_devices (
    id           uuid primary key default gen_random_uuid(),
    user_id      uuid not null references users (id) on delete cascade,
    token_hash   bytea not null unique,
    name         varchar(120),
    last_used_at timestamptz not null default now(),
    expires_at   timestamptz not null,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create index known_devices_user_idx on known_devices (user_id, last_used_at desc);

-- What the workers see of the service as a whole, in one row.
create table login_watch (
    id              uuid primary key default '00000000-0000-0000-0000-000000000000'
        constraint login_watch_single_check check (id = '00000000-0000-0000-0000-000000000000'),
    -- So many logins fail that limits are tighter until then.
    alarm_until     timestamptz,
    -- Why no code can be sent at all, and since when that was last so.
    sender_fault    text,
    sender_fault_at timestamptz,
    checked_at      timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);
insert into login_watch default values;

alter table otp_codes
    -- Whose tries these are: the number's, or a known device's.
    add column guard_id   uuid not null default gen_random_uuid(),
    add column device_id  uuid references known_devices (id) on delete set null,
    -- A code proves anew who has a session, and nothing else: which one.
    add column session_id uuid references user_sessions (id) on delete cascade,
    add column redeemed_at timestamptz;
create index otp_codes_device_idx on otp_codes (device_id);
create index otp_codes_session_idx on otp_codes (session_id);
create index otp_codes_created_idx on otp_codes (created_at);
grant update (redeemed_at) on otp_codes to ignacio_auth;

alter table user_sessions
    add column device_id   uuid references known_devices (id) on delete set null,
    -- When its person last showed a code; long ago for sessions that are there already.
    add column verified_at timestamptz not null default '2000-01-01 00:00:00+00';
alter table user_sessions alter column verified_at set default now();
create index user_sessions_device_idx on user_sessions (device_id);
grant select (device_id, verified_at) on user_sessions to ignacio_api;
grant update (verified_at) on user_sessions to ignacio_auth;

create trigger rate_buckets_updated_at before update on rate_buckets
    for each row execute function app.set_updated_at();
create trigger login_failures_updated_at before update on login_failures
    for each row execute function app.set_updated_at();
create trigger known_devices_updated_at before update on known_devices
    for each row execute function app.set_updated_at();
create trigger login_watch_updated_at before update on login_watch
    for each row execute function app.set_updated_at();

alter table rate_buckets enable row level security;
alter table rate_buckets force row level security;
alter table login_failures enable row level security;
alter table login_failures force row level security;
alter table known_devices enable row level security;
alter table known_devices force row level security;
alter table login_watch enable row level security;
alter table login_watch force row level security;

grant select, insert (id), update (hits) on rate_buckets to ignacio_auth;
create policy rate_buckets_auth_select on rate_buckets for select to ignacio_auth using (true);
create policy rate_buckets_auth_insert on rate_buckets for insert to ignacio_auth
    with check (hits = '{}');
create policy rate_buckets_auth_update on rate_buckets
    for update to ignacio_auth using (true) with check (true);
grant select, delete on rate_buckets to ignacio_worker;
create policy rate_buckets_worker_select on rate_buckets
    for select to ignacio_worker using (updated_at < now() - interval '25 hours');
create policy rate_buckets_worker_delete on rate_buckets
    for delete to ignacio_worker using (updated_at < now() - interval '25 hours');

grant select, insert (id), update (failures, paused_until), delete on login_failures
    to ignacio_auth;
create policy login_failures_auth_select on login_failures
    for select to ignacio_auth using (true);
create policy login_failures_auth_insert on login_failures for insert to ignacio_auth
    with check (failures = 0);
create policy login_failures_auth_update on login_failures
    for update to ignacio_auth using (true) with check (true);
create policy login_failures_auth_delete on login_failures
    for delete to ignacio_auth using (true);
grant select, delete on login_failures to ignacio_worker;
create policy login_failures_worker_select on login_failures
    for select to ignacio_worker using (updated_at < now() - interval '400 days');
create policy login_failures_worker_delete on login_failures
    for delete to ignacio_worker using (updated_at < now() - interval '400 days');
-- The staff see how it stands with somebody's number, and end a pause.
grant select, delete on login_failures to ignacio_admin;
create policy login_failures_admin_select on login_failures
    for select to ignacio_admin using ((select app.is_admin()));
create policy login_failures_admin_delete on login_failures
    for delete to ignacio_admin using ((select app.is_admin()));

grant select, insert, delete on known_devices to ignacio_auth;
grant update (last_used_at, expires_at, name) on known_devices to ignacio_auth;
create policy known_devices_auth_select on known_devices for select to ignacio_auth using (true);
create policy known_devices_auth_insert on known_devices for insert to ignacio_auth
    with check (user_id <> '00000000-0000-0000-0000-000000000000');
create policy known_devices_auth_update on known_devices
    for update to ignacio_auth using (true) with check (true);
create policy known_devices_auth_delete on known_devices for delete to ignacio_auth using (true);
-- Whoever ends another device's session does not know that device any more.
grant select (id, user_id), delete on known_devices to ignacio_api;
create policy known_devices_api_select on known_devices
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy known_devices_api_delete on known_devices
    for delete to ignacio_api using (user_id = (select app.current_user_id()));
grant select (id, user_id), delete on known_devices to ignacio_admin;
create policy known_devices_admin_select on known_devices
    for select to ignacio_admin using ((select app.is_admin()));
create policy known_devices_admin_delete on known_devices
    for delete to ignacio_admin using ((select app.is_admin()));
grant select (id, expires_at), delete on known_devices to ignacio_worker;
create policy known_devices_worker_select on known_devices
    for select to ignacio_worker using (expires_at < now());
create policy known_devices_worker_delete on known_devices
    for delete to ignacio_worker using (expires_at < now());

grant select on login_watch to ignacio_auth;
grant update (alarm_until, sender_fault, sender_fault_at, checked_at) on login_watch
    to ignacio_auth;
create policy login_watch_auth_select on login_watch for select to ignacio_auth using (true);
create policy login_watch_auth_update on login_watch
    for update to ignacio_auth using (true) with check (true);

-- How long to wait for a turn; null for not at all. Full is what has so many hits that the first of
-- the last `most` is still within the time.
create function app.wait_for_turn(p_ids uuid[], p_seconds integer[], p_most integer[])
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

-- Counts one more, unless that would be too many: then it gives the time to wait, and counts nothing.
-- Each limit is `p_most` within so many seconds, of what `p_looked_at` names; counted is in
-- `p_counted`, which is another for what shall cost the same and not be counted with the rest. Rows
-- are locked in the order of their ids, so any number of callers agree on every count.
create function app.take_turn(
    p_looked_at uuid[], p_counted uuid[], p_seconds integer[], p_most integer[]
) returns interval
    language plpgsql volatile set search_path = '' as $$
declare
    v_wait interval := app.wait_for_turn(p_looked_at, p_seconds, p_most);
begin
    -- Who has to wait anyway makes no rows and holds nobody up.
    if v_wait is not null then
        return v_wait;
    end if;
    insert into public.rate_buckets (id)
    select distinct it from pg_catalog.unnest(p_looked_at || p_counted) it order by it
        on conflict do nothing;
    perform 1 from public.rate_buckets b
      where b.id = any (p_looked_at || p_counted) order by b.id for update;
    v_wait := app.wait_for_turn(p_looked_at, p_seconds, p_most);
    if v_wait is null then
        update public.rate_buckets b
           set hits = b.hits[pg_catalog.cardinality(b.hits) - k.most + 2 :]
                   || pg_catalog.clock_timestamp()
          from (select l.id, max(l.most) as most
                  from rows from (pg_catalog.unnest(p_counted), pg_catalog.unnest(p_most))
                       l (id, most)
                 group by l.id) k
         where b.id = k.id;
    end if;
    return v_wait;
end $$;

-- Opens a challenge, for a number or, with `p_session`, for whoever has that session; and queues its
-- sending. A number that is no active person's gets the same, as a decoy: nothing is ever sent for
-- it. `p_buckets` are the number's, the address's, the service's, one that decoys are counted in
-- instead of the service's, and one for those whom the service knows already, so that nobody keeps
-- them out by using up everybody's; `p_seconds` and `p_most` are three limits of the number, one of the
-- address, one of the service. `limited` is to wait, and so is `paused`, there for ever where `wait`
-- is null.
create function app.ask_code(
    p_otp uuid, p_outbox uuid, p_phone text, p_user uuid, p_session uuid, p_device bytea,
    p_buckets uuid[], p_seconds integer[], p_most integer[], p_most_in_alarm integer,
    p_end integer, p_life integer
) returns table (
    verdict text, wait interval, expires_at timestamptz, created_at timestamptz, again_at timestamptz
)
    language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    v_user   uuid;
    v_phone  text := p_phone;
    v_device uuid;
    v_budget uuid;
    v_service uuid := p_buckets[3];
    v_most   integer[] := p_most;
    v_paused timestamptz;
    v_wait   interval;
begin
    if p_session is null then
        select u.id into v_user from public.users u
         where u.phone_number = p_phone and u.is_active
           and u.id <> '00000000-0000-0000-0000-000000000000';
        select d.id into v_device from public.known_devices d
         where d.token_hash = p_device and d.user_id = v_user
           and d.expires_at > pg_catalog.now();
        v_budget := coalesce(v_device, p_buckets[1]);
    else
        select u.id, u.phone_number into v_user, v_phone from public.users u
         where u.id = p_user and u.is_active;
        v_budget := p_session;
    end if;
    if v_budget <> p_buckets[1] then
        v_service := p_buckets[5];
    end if;
    select case when f.failures >= p_end then 'infinity' else f.paused_until end into v_paused
      from public.login_failures f where f.id = v_budget;
    if v_paused > pg_catalog.clock_timestamp() then
        return query select 'paused',
            case when v_paused < 'infinity' then v_paused - pg_catalog.clock_timestamp() end,
            null::timestamptz, null::timestamptz, null::timestamptz;
        return;
    end if;
    if exists (select 1 from public.login_watch w where w.alarm_until > pg_catalog.now()) then
        v_most[5] := least(v_most[5], p_most_in_alarm);
    end if;
    v_wait := app.take_turn(
        array[v_budget, v_budget, v_budget, p_buckets[2], v_service],
        array[v_budget, v_budget, v_budget, p_buckets[2],
              case when v_user is null then p_buckets[4] else v_service end],
        p_seconds, v_most);
    if v_wait is not null then
        return query select 'limited', v_wait, null::timestamptz, null::timestamptz,
            null::timestamptz;
        return;
    end if;
    return query
    with challenge as (
        insert into public.otp_codes
            (id, user_id, phone_number, guard_id, device_id, session_id, expires_at)
        values (p_otp, v_user, v_phone, v_budget, v_device, p_session,
            pg_catalog.now() + pg_catalog.make_interval(secs => p_life))
        returning otp_codes.expires_at, otp_codes.created_at),
    sending as (
        insert into public.outbox (id, otp_id) values (p_outbox, p_otp))
    select 'opened', null::interval, c.expires_at, c.created_at,
           c.created_at + pg_catalog.make_interval(secs => p_seconds[1])
      from challenge c;
end $$;

-- Counts one try at a code, and gives what to compare with. The caller commits before it compares,
-- so that no race gives one more. `open` is to be compared; `over` is one that was there and whose
-- time is up; `paused` is to wait, for ever where `wait` is null.
create function app.try_code(
    p_otp uuid, p_session uuid, p_most integer, p_most_in_alarm integer,
    p_steps integer[], p_pauses integer[], p_end integer
) returns table (verdict text, wait interval, phone_number text, code_hash bytea)
    language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    v_guard    uuid;
    v_most     integer := p_most;
    v_failures integer;
    v_paused   timestamptz;
begin
    -- In the order in which a right code is used up: the challenge, then its failures.
    select c.guard_id into v_guard from public.otp_codes c
     where c.id = p_otp and c.session_id is not distinct from p_session for no key update;
    if not found then
        return query select 'refused', null::interval, null, null::bytea;
        return;
    end if;
    insert into public.login_failures (id) values (v_guard) on conflict do nothing;
    select f.failures, f.paused_until into v_failures, v_paused
      from public.login_failures f where f.id = v_guard for update;
    if not found then
        -- A login has just cleared it.
        insert into public.login_failures (id) values (v_guard) on conflict do nothing;
        v_failures := 0;
    end if;
    if v_failures >= p_end or v_paused > pg_catalog.clock_timestamp() then
        return query select 'paused',
            case when v_failures < p_end then v_paused - pg_catalog.clock_timestamp() end,
            null, null::bytea;
        return;
    end if;
    if exists (select 1 from public.login_watch w where w.alarm_until > pg_catalog.now()) then
        v_most := least(p_most, p_most_in_alarm);
    end if;
    return query
    update public.otp_codes c set attempts = c.attempts + 1
     where c.id = p_otp and c.attempts < v_most and c.used_at is null
       and c.expires_at > pg_catalog.clock_timestamp()
    returning 'open', null::interval, c.phone_number::text, c.code_hash;
    if found then
        update public.login_failures f
           set failures = v_failures + 1,
               paused_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(
                   secs => p_pauses[pg_catalog.array_position(p_steps, v_failures + 1)])
         where f.id = v_guard;
    else
        return query
        -- Also of one that a login has voided: that there was a login is nobody's business.
        select case when c.expires_at <= pg_catalog.clock_timestamp()
                    then 'over' else 'refused' end,
               null::interval, null, null::bytea
          from public.otp_codes c where c.id = p_otp;
    end if;
end $$;

revoke all on function app.wait_for_turn(uuid[], integer[], integer[]), app.take_turn(uuid[], uuid[], integer[], integer[]),
    app.ask_code(uuid, uuid, text, uuid, uuid, bytea, uuid[], integer[], integer[], integer, integer,
        integer),
    app.try_code(uuid, uuid, integer, integer, integer[], integer[], integer) from public;
grant execute on function app.wait_for_turn(uuid[], integer[], integer[]), app.take_turn(uuid[], uuid[], integer[], integer[]),
    app.ask_code(uuid, uuid, text, uuid, uuid, bytea, uuid[], integer[], integer[], integer, integer,
        integer),
    app.try_code(uuid, uuid, integer, integer, integer[], integer[], integer) to ignacio_auth;
