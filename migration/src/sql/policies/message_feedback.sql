-- Given by the owner of the message; shown with the message, also to workers and admins.
grant
    select,
    insert (message_id, user_id, rating, reason),
    update (rating, reason),
    delete
    on message_feedback to ignacio_api;
create policy message_feedback_api_select on message_feedback
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy message_feedback_api_insert on message_feedback
    for insert to ignacio_api
    with check (
        user_id = (select app.current_user_id())
        and exists (
            select 1 from messages m
             where m.id = message_id and m.user_id = message_feedback.user_id
               and not m.is_from_user));
create policy message_feedback_api_update on message_feedback
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));
create policy message_feedback_api_delete on message_feedback
    for delete to ignacio_api using (user_id = (select app.current_user_id()));

grant select on message_feedback to ignacio_worker;
create policy message_feedback_worker_select on message_feedback
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));

grant select on message_feedback to ignacio_admin;
create policy message_feedback_admin_select on message_feedback
    for select to ignacio_admin
    using (
        user_id = (select app.readable_user_id())
        and exists (select 1 from messages m where m.id = message_id offset 0));
