-- Rejects a change of a file's sync status that is not an arrow of
-- ignacio_domain::sync::SyncStatus.
create or replace function app.check_sync_transition() returns trigger
    language plpgsql set search_path = '' as $$
begin
    if new.openai_sync_status is not distinct from old.openai_sync_status
        or (old.openai_sync_status, new.openai_sync_status) in (
            ('pending', 'syncing'),
            ('syncing', 'pending'), ('syncing', 'synced'), ('syncing', 'failed'),
            ('synced', 'expired'), ('expired', 'pending'), ('failed', 'pending'))
        or (old.openai_sync_status is null and new.openai_sync_status = 'pending')
    then
        return new;
    end if;
    raise exception using errcode = 'check_violation', message = pg_catalog.format(
        'a file cannot go from %s to %s', old.openai_sync_status, new.openai_sync_status);
end $$;
revoke all on function app.check_sync_transition() from public;
