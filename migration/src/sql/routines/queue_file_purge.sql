-- Queues the deletion of a file's object and of its copy at the provider.
set local role ignacio_definer;
create or replace function app.queue_file_purge() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    insert into public.purge_queue (kind, target) values ('object', old.file_path);
    if old.openai_file_id is not null then
        insert into public.purge_queue (kind, target) values ('openai_file', old.openai_file_id);
    end if;
    return old;
end $$;
revoke all on function app.queue_file_purge() from public;
grant execute on function app.queue_file_purge() to ignacio_owner;
