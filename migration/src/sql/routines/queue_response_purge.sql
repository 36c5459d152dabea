-- Queues the deletion of a response at the provider.
set local role ignacio_definer;
create or replace function app.queue_response_purge() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    insert into public.purge_queue (kind, target)
    values ('openai_response', old.provider_response_id);
    return old;
end $$;
revoke all on function app.queue_response_purge() from public;
grant execute on function app.queue_response_purge() to ignacio_owner;
