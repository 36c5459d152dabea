-- Written by their owner and deleted only with their conversation. The worker that holds the
-- response fills in the reply. Admins read them under an access grant.
grant
    select,
    insert (id, conversation_id, user_id, content, message_type, is_from_user, status, version,
        replaces)
    on messages to ignacio_api;
create policy messages_api_select on messages
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy messages_api_insert on messages
    for insert to ignacio_api with check (user_id = (select app.current_user_id()));

grant select, update (content, status) on messages to ignacio_worker;
create policy messages_worker_select on messages
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy messages_worker_update on messages
    for update to ignacio_worker
    using (user_id = (select app.leased_user_id()) and not is_from_user)
    with check (user_id = (select app.leased_user_id()) and not is_from_user);

grant select on messages to ignacio_admin;
create policy messages_admin_select on messages
    for select to ignacio_admin
    using (
        user_id = (select app.readable_user_id())
        and conversation_id = (select app.readable_conversation_id()));

grant
    select (id, conversation_id, user_id, is_from_user, created_at, replaced_at),
    update (replaced_at)
    on messages to ignacio_definer;
create policy messages_definer_select on messages for select to ignacio_definer using (true);
create policy messages_definer_update on messages
    for update to ignacio_definer using (true) with check (true);
