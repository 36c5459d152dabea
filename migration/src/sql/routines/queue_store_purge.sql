-- Queues the deletion of a user's vector store at the provider.
set local role ignacio_definer;
create or replace function app.queue_store_purge() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    insert into public.purge_queue (kind, target)
    values ('openai_vector_store', old.openai_vector_store_id);
    return old;
end $$;
revoke all on function app.queue_store_purge() from public;
grant execute on function app.queue_store_purge() to ignacio_owner;
