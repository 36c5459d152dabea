-- The owner starts and cancels them. A row is also a job, which any worker may claim; one that acts
-- for a user sees that user's only.
grant
    select,
    insert (id, user_id, conversation_id, message_id, model),
    update (cancel_requested_at)
    on responses to ignacio_api;
create policy responses_api_select on responses
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy responses_api_insert on responses
    for insert to ignacio_api
    with check (
        user_id = (select app.current_user_id())
        and exists (
            select 1 from messages m
             where m.id = message_id
               and m.user_id = responses.user_id
               and m.conversation_id = responses.conversation_id
               and not m.is_from_user));
create policy responses_api_update on responses
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));

grant
    select,
    update (state, failure, incomplete_reason, model, instructions_version,
        provider_response_id, provider_cursor, input_tokens, cached_tokens, output_tokens,
        reasoning_tokens, attempts, next_attempt_at, lease_owner, lease_until, lease_epoch,
        started_at, finished_at, tools, first_text_at, cost_micro)
    on responses to ignacio_worker;
create policy responses_worker_select on responses
    for select to ignacio_worker
    using (coalesce(user_id = (select app.leased_user_id()), true));
create policy responses_worker_update on responses
    for update to ignacio_worker using (true) with check (true);

grant select (id, user_id, message_id) on responses to ignacio_admin;
-- Shown with the message. The offset keeps the planner from reading all the conversation's first.
create policy responses_admin_select on responses
    for select to ignacio_admin
    using (
        user_id = (select app.readable_user_id())
        and exists (select 1 from messages m where m.id = message_id offset 0));

grant
    select (id, user_id, state, lease_owner, lease_until, lease_epoch)
    on responses to ignacio_definer;
create policy responses_definer_select on responses for select to ignacio_definer using (true);
