-- Written by the worker that holds the follow-up job; its owner sees it.
grant select on conversation_summaries to ignacio_api;
create policy conversation_summaries_api_select on conversation_summaries
    for select to ignacio_api using (user_id = (select app.current_user_id()));

grant
    select,
    insert (conversation_id, user_id, content, until_at, until_id, n_messages, model),
    update (content, until_at, until_id, n_messages, model)
    on conversation_summaries to ignacio_worker;
create policy conversation_summaries_worker_select on conversation_summaries
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy conversation_summaries_worker_insert on conversation_summaries
    for insert to ignacio_worker with check (user_id = (select app.leased_user_id()));
create policy conversation_summaries_worker_update on conversation_summaries
    for update to ignacio_worker using (user_id = (select app.leased_user_id()))
    with check (user_id = (select app.leased_user_id()));
