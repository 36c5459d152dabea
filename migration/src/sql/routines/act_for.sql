-- Acts, for this transaction, for the person whose reply is leased; null where it is not.
set local role ignacio_definer;
create or replace function app.act_for(p_response uuid, p_owner uuid, p_epoch bigint) returns uuid
    language plpgsql volatile security definer set search_path = '' as $$
begin
    perform pg_catalog.set_config('app.lease_response', p_response::text, true);
    perform pg_catalog.set_config('app.lease_owner', p_owner::text, true);
    perform pg_catalog.set_config('app.lease_epoch', p_epoch::text, true);
    return app.leased_user_id();
end $$;
revoke all on function app.act_for(uuid, uuid, bigint) from public;
grant execute on function app.act_for(uuid, uuid, bigint) to ignacio_worker;
