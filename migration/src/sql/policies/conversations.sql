-- Written by their owner. The worker gives a title to one that has none. Admins read them under an
-- access grant.
grant
    select,
    insert (id, user_id, title),
    update (title, archived, pinned),
    delete
    on conversations to ignacio_api;
create policy conversations_api_select on conversations
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy conversations_api_insert on conversations
    for insert to ignacio_api with check (user_id = (select app.current_user_id()));
create policy conversations_api_update on conversations
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));
create policy conversations_api_delete on conversations
    for delete to ignacio_api using (user_id = (select app.current_user_id()));

grant select (id, user_id, title), update (title) on conversations to ignacio_worker;
create policy conversations_worker_select on conversations
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy conversations_worker_update on conversations
    for update to ignacio_worker using (user_id = (select app.leased_user_id()) and title is null)
    with check (user_id = (select app.leased_user_id()));

grant select on conversations to ignacio_admin;
create policy conversations_admin_select on conversations
    for select to ignacio_admin
    using (
        user_id = (select app.readable_user_id())
        and id = coalesce((select app.readable_conversation_id()), id));

grant
    select (id, user_id, message_count, last_message_at),
    update (message_count, last_message_at)
    on conversations to ignacio_definer;
create policy conversations_definer_select on conversations
    for select to ignacio_definer using (true);
create policy conversations_definer_update on conversations
    for update to ignacio_definer using (true) with check (true);
