-- Opens a challenge for a phone number or, with `p_session`, for the owner of that session, and
-- queues its message. A number of no active user gets the same, as a decoy for which nothing is
-- sent. `p_buckets` are those of the number, of the address, of the service, one in which decoys
-- are counted instead of the service's, and one for known devices, so that strangers who exhaust
-- the service's do not keep them out. `p_windows` and `p_max` are three limits of the number, one
-- of the address, one of the service. `limited`: wait. `paused`: wait, or never try again if `wait`
-- is null.
create or replace function app.request_code(
    p_otp uuid, p_outbox uuid, p_phone text, p_user uuid, p_session uuid, p_device bytea,
    p_buckets uuid[], p_windows integer[], p_max integer[], p_max_in_alarm integer,
    p_lockout_limit integer, p_lifetime integer
) returns table (
    outcome text, wait interval, expires_at timestamptz, created_at timestamptz,
    resend_after timestamptz
)
    language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    v_user   uuid;
    v_phone  text := p_phone;
    v_device uuid;
    v_budget uuid;
    v_service uuid := p_buckets[3];
    v_max    integer[] := p_max;
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
    select case when f.failures >= p_lockout_limit then 'infinity' else f.paused_until end
      into v_paused
      from public.login_failures f where f.id = v_budget;
    if v_paused > pg_catalog.clock_timestamp() then
        return query select 'paused',
            case when v_paused < 'infinity' then v_paused - pg_catalog.clock_timestamp() end,
            null::timestamptz, null::timestamptz, null::timestamptz;
        return;
    end if;
    if exists (select 1 from public.login_monitor w where w.alarm_until > pg_catalog.now()) then
        v_max[5] := least(v_max[5], p_max_in_alarm);
    end if;
    v_wait := app.rate_limit_hit(
        array[v_budget, v_budget, v_budget, p_buckets[2], v_service],
        array[v_budget, v_budget, v_budget, p_buckets[2],
              case when v_user is null then p_buckets[4] else v_service end],
        p_windows, v_max);
    if v_wait is not null then
        return query select 'limited', v_wait, null::timestamptz, null::timestamptz,
            null::timestamptz;
        return;
    end if;
    return query
    with challenge as (
        insert into public.otp_codes
            (id, user_id, phone_number, budget_id, device_id, session_id, expires_at)
        values (p_otp, v_user, v_phone, v_budget, v_device, p_session,
            pg_catalog.now() + pg_catalog.make_interval(secs => p_lifetime))
        returning otp_codes.expires_at, otp_codes.created_at),
    sending as (
        insert into public.outbox (id, otp_id) values (p_outbox, p_otp))
    select 'opened', null::interval, c.expires_at, c.created_at,
           c.created_at + pg_catalog.make_interval(secs => p_windows[1])
      from challenge c;
end $$;
revoke all on function app.request_code(uuid, uuid, text, uuid, uuid, bytea, uuid[], integer[],
    integer[], integer, integer, integer) from public;
grant execute on function app.request_code(uuid, uuid, text, uuid, uuid, bytea, uuid[], integer[],
    integer[], integer, integer, integer) to ignacio_auth;
