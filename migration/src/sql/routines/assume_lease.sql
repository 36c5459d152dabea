-- Makes this transaction act for the user whose response or follow-up job is leased; null if it is
-- not.
set local role ignacio_definer;
create or replace function app.assume_lease(p_response uuid, p_owner uuid, p_epoch bigint) returns uuid
    language plpgsql volatile security definer set search_path = '' as $$
begin
    perform pg_catalog.set_config('app.lease_job', p_response::text, true);
    perform pg_catalog.set_config('app.lease_owner', p_owner::text, true);
    perform pg_catalog.set_config('app.lease_epoch', p_epoch::text, true);
    return app.leased_user_id();
end $$;
revoke all on function app.assume_lease(uuid, uuid, bigint) from public;
grant execute on function app.assume_lease(uuid, uuid, bigint) to ignacio_worker;
