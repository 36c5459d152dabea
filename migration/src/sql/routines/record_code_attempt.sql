-- Counts one attempt at a code and returns what to compare it with. The caller commits before it
-- compares, so that no race allows one more. `open`: compare. `over`: the code existed and has
-- expired. `refused`: there is no such code. `paused`: wait, or never try again if `wait` is null.
create or replace function app.record_code_attempt(
    p_otp uuid, p_session uuid, p_max integer, p_max_in_alarm integer,
    p_lockout_steps integer[], p_lockout_seconds integer[], p_lockout_limit integer
) returns table (outcome text, wait interval, phone_number text, code_hash bytea)
    language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    v_budget   uuid;
    v_max      integer := p_max;
    v_failures integer;
    v_paused   timestamptz;
begin
    -- In the order in which a correct code locks: the challenge, then its failures.
    select c.budget_id into v_budget from public.otp_codes c
     where c.id = p_otp and c.session_id is not distinct from p_session for no key update;
    if not found then
        return query select 'refused', null::interval, null, null::bytea;
        return;
    end if;
    insert into public.login_failures (id) values (v_budget) on conflict do nothing;
    select f.failures, f.paused_until into v_failures, v_paused
      from public.login_failures f where f.id = v_budget for update;
    if not found then
        -- A login has just cleared it.
        insert into public.login_failures (id) values (v_budget) on conflict do nothing;
        v_failures := 0;
    end if;
    if v_failures >= p_lockout_limit or v_paused > pg_catalog.clock_timestamp() then
        return query select 'paused',
            case when v_failures < p_lockout_limit then v_paused - pg_catalog.clock_timestamp() end,
            null, null::bytea;
        return;
    end if;
    if exists (select 1 from public.login_monitor w where w.alarm_until > pg_catalog.now()) then
        v_max := least(p_max, p_max_in_alarm);
    end if;
    return query
    update public.otp_codes c set attempts = c.attempts + 1
     where c.id = p_otp and c.attempts < v_max and c.used_at is null
       and c.expires_at > pg_catalog.clock_timestamp()
    returning 'open', null::interval, c.phone_number::text, c.code_hash;
    if found then
        update public.login_failures f
           set failures = v_failures + 1,
               paused_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(
                   secs => p_lockout_seconds[
                       pg_catalog.array_position(p_lockout_steps, v_failures + 1)])
         where f.id = v_budget;
    else
        return query
        -- Also for one that a login has voided: a stranger must not learn that there was a login.
        select case when c.expires_at <= pg_catalog.clock_timestamp()
                    then 'over' else 'refused' end,
               null::interval, null, null::bytea
          from public.otp_codes c where c.id = p_otp;
    end if;
end $$;
revoke all on function app.record_code_attempt(uuid, uuid, integer, integer, integer[], integer[],
    integer) from public;
grant execute on function app.record_code_attempt(uuid, uuid, integer, integer, integer[],
    integer[], integer) to ignacio_auth;
