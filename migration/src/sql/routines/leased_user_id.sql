-- The user whose response or follow-up job a worker holds; the setting names either.
set local role ignacio_definer;
create or replace function app.leased_user_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
declare
    v_job   uuid := nullif(pg_catalog.current_setting('app.lease_job', true), '')::uuid;
    v_owner uuid := nullif(pg_catalog.current_setting('app.lease_owner', true), '')::uuid;
    v_epoch bigint := nullif(pg_catalog.current_setting('app.lease_epoch', true), '')::bigint;
    v_user  uuid;
begin
    if v_job is null then
        return null;
    end if;
    select r.user_id into v_user
      from public.responses r
     where r.id = v_job and r.lease_owner = v_owner and r.lease_epoch = v_epoch
       and r.lease_until > pg_catalog.now();
    if not found then
        select c.user_id into v_user
          from public.follow_up_jobs c
         where c.id = v_job and c.lease_owner = v_owner and c.lease_epoch = v_epoch
           and c.lease_until > pg_catalog.now();
    end if;
    return v_user;
end $$;
revoke all on function app.leased_user_id() from public;
grant execute on function app.leased_user_id() to ignacio_worker;
