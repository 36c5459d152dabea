create trigger user_files_audit after update of deleted_at on user_files
    for each row when (
        old.deleted_at is null and new.deleted_at is not null and new.uploaded_at is not null)
    execute function app.audit_file();
create trigger user_files_purge before delete on user_files
    for each row when (old.purged_at is null) execute function app.queue_file_purge();
create trigger user_files_sync_transition before update of openai_sync_status on user_files
    for each row execute function app.check_sync_transition();
create trigger user_files_updated_at before update on user_files
    for each row execute function app.set_updated_at();
