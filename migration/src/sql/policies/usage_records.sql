-- Only `app.reserve_usage` reserves. The worker settles for the user it acts for.
grant select on usage_records to ignacio_api;
create policy usage_records_api_select on usage_records
    for select to ignacio_api using (user_id = (select app.current_user_id()));

grant
    select,
    insert (id, user_id, kind, model, state, input_tokens, cached_tokens, output_tokens,
        reasoning_tokens, cost_micro, settled_at),
    update (model, state, input_tokens, cached_tokens, output_tokens, reasoning_tokens,
        cost_micro, settled_at)
    on usage_records to ignacio_worker;
create policy usage_records_worker_select on usage_records
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy usage_records_worker_insert on usage_records
    for insert to ignacio_worker with check (user_id = (select app.leased_user_id()));
create policy usage_records_worker_update on usage_records
    for update to ignacio_worker using (user_id = (select app.leased_user_id()))
    with check (user_id = (select app.leased_user_id()));

grant select on usage_records to ignacio_admin;
create policy usage_records_admin_select on usage_records
    for select to ignacio_admin using ((select app.is_admin()));

grant
    select,
    insert (id, user_id, kind, model, state, reserved_tokens, reserved_micro),
    update (state, output_tokens, cost_micro, settled_at, updated_at)
    on usage_records to ignacio_definer;
create policy usage_records_definer_select on usage_records
    for select to ignacio_definer using (true);
create policy usage_records_definer_insert on usage_records
    for insert to ignacio_definer with check (true);
create policy usage_records_definer_update on usage_records
    for update to ignacio_definer using (true) with check (true);
