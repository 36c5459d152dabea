grant
    select,
    insert (user_id, conversation_id, kind, message_id, next_attempt_at),
    update (attempts, next_attempt_at, lease_owner, lease_until, lease_epoch),
    delete
    on chores to ignacio_worker;
create policy chores_worker_select on chores
    for select to ignacio_worker
    using (coalesce(user_id = (select app.leased_user_id()), true));
create policy chores_worker_insert on chores
    for insert to ignacio_worker with check (user_id = (select app.leased_user_id()));
create policy chores_worker_update on chores
    for update to ignacio_worker using (true) with check (true);
create policy chores_worker_delete on chores
    for delete to ignacio_worker using (user_id = (select app.leased_user_id()));

grant select (id, user_id, lease_owner, lease_until, lease_epoch) on chores to ignacio_definer;
create policy chores_definer_select on chores for select to ignacio_definer using (true);
