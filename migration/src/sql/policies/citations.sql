-- Written by the worker that holds the response; shown with the message.
grant select on citations to ignacio_api;
create policy citations_api_select on citations
    for select to ignacio_api using (user_id = (select app.current_user_id()));

grant select, insert, update (verified) on citations to ignacio_worker;
create policy citations_worker_select on citations
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy citations_worker_insert on citations
    for insert to ignacio_worker with check (user_id = (select app.leased_user_id()));
create policy citations_worker_update on citations
    for update to ignacio_worker using (user_id = (select app.leased_user_id()))
    with check (user_id = (select app.leased_user_id()));

grant select on citations to ignacio_admin;
create policy citations_admin_select on citations
    for select to ignacio_admin
    using (
        user_id = (select app.readable_user_id())
        and exists (select 1 from messages m where m.id = message_id offset 0));
