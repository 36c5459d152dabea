-- Attached by the owner; shown with the message.
grant select, insert on message_files to ignacio_api;
create policy message_files_api_select on message_files
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy message_files_api_insert on message_files
    for insert to ignacio_api
    with check (
        user_id = (select app.current_user_id())
        and exists (
            select 1 from messages m
             where m.id = message_id and m.user_id = message_files.user_id and m.is_from_user));

grant select on message_files to ignacio_worker;
create policy message_files_worker_select on message_files
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));

grant select on message_files to ignacio_admin;
create policy message_files_admin_select on message_files
    for select to ignacio_admin
    using (
        user_id = (select app.readable_user_id())
        and exists (select 1 from messages m where m.id = message_id offset 0));
