-- The request path makes a file pending and hides it for good; everything else is the worker's.
-- Admins see names and sync states, not where the bytes are.
grant
    select,
    insert (id, user_id, file_name, file_path, file_type, conversation_id),
    update (file_name, file_size, openai_sync_status, content_sha256, uploaded_at, deleted_at,
        next_attempt_at)
    on user_files to ignacio_api;
create policy user_files_api_select on user_files
    for select to ignacio_api using (user_id = (select app.current_user_id()));
-- The object's key consists of the owner and the row, so no row can point at another user's object.
create policy user_files_api_insert on user_files
    for insert to ignacio_api
    with check (
        user_id = (select app.current_user_id())
        and file_path = 'users/' || user_id || '/' || id);
create policy user_files_api_update on user_files
    for update to ignacio_api
    using (user_id = (select app.current_user_id()) and deleted_at is null)
    with check (
        user_id = (select app.current_user_id())
        and (deleted_at is not null or openai_sync_status is not distinct from 'pending'
             or openai_sync_status is null));

grant
    select,
    update (openai_file_id, openai_vector_store_id, openai_uploaded_at, openai_sync_status,
        deleted_at, purged_at, sync_attempts, sync_error, synced_at, next_attempt_at,
        lease_owner, lease_until, lease_epoch),
    delete
    on user_files to ignacio_worker;
-- Every row if the worker acts for no user, else only that user's.
create policy user_files_worker_select on user_files
    for select to ignacio_worker
    using (coalesce(user_id = (select app.leased_user_id()), true));
create policy user_files_worker_update on user_files
    for update to ignacio_worker using (true) with check (true);
create policy user_files_worker_delete on user_files
    for delete to ignacio_worker
    using (deleted_at is not null and purged_at is not null and openai_file_id is null);

grant
    select (id, user_id, file_name, file_type, file_size, created_at, updated_at,
        openai_sync_status, conversation_id, content_sha256, uploaded_at, deleted_at,
        sync_attempts, sync_error, synced_at)
    on user_files to ignacio_admin;
create policy user_files_admin_select on user_files
    for select to ignacio_admin using ((select app.is_admin()));

grant select (user_id, uploaded_at, deleted_at) on user_files to ignacio_definer;
create policy user_files_definer_select on user_files for select to ignacio_definer using (true);
