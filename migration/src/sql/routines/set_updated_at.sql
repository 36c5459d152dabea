-- Sets `updated_at` to the time of the transaction.
create or replace function app.set_updated_at() returns trigger
    language plpgsql set search_path = '' as $$
begin
    new.updated_at := pg_catalog.now();
    return new;
end $$;
revoke all on function app.set_updated_at() from public;
