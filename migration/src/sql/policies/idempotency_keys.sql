-- A user's own, and an admin's own. The worker deletes old ones.
grant
    select,
    insert (user_id, key_hash, request_hash),
    update (request_hash, conversation_id, locked_until, status, location, body),
    delete
    on idempotency_keys to ignacio_api;
create policy idempotency_keys_api_select on idempotency_keys
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy idempotency_keys_api_insert on idempotency_keys
    for insert to ignacio_api with check (user_id = (select app.current_user_id()));
create policy idempotency_keys_api_update on idempotency_keys
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));
create policy idempotency_keys_api_delete on idempotency_keys
    for delete to ignacio_api using (user_id = (select app.current_user_id()));

grant select (id, created_at), delete on idempotency_keys to ignacio_worker;
create policy idempotency_keys_worker_select on idempotency_keys
    for select to ignacio_worker using (created_at < now() - interval '24 hours');
create policy idempotency_keys_worker_delete on idempotency_keys
    for delete to ignacio_worker using (created_at < now() - interval '24 hours');

grant
    select,
    insert (user_id, key_hash, request_hash),
    update (request_hash, conversation_id, locked_until, status, location, body),
    delete
    on idempotency_keys to ignacio_admin;
create policy idempotency_keys_admin_select on idempotency_keys
    for select to ignacio_admin
    using (user_id = (select app.current_user_id()) and (select app.is_admin()));
create policy idempotency_keys_admin_insert on idempotency_keys
    for insert to ignacio_admin
    with check (user_id = (select app.current_user_id()) and (select app.is_admin()));
create policy idempotency_keys_admin_update on idempotency_keys
    for update to ignacio_admin
    using (user_id = (select app.current_user_id()) and (select app.is_admin()))
    with check (user_id = (select app.current_user_id()) and (select app.is_admin()));
create policy idempotency_keys_admin_delete on idempotency_keys
    for delete to ignacio_admin
    using (user_id = (select app.current_user_id()) and (select app.is_admin()));
