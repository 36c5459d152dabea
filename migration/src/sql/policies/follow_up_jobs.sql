-- Any worker claims a job; one that acts for a user sees that user's jobs only.
grant
    select,
    insert (user_id, conversation_id, kind, message_id, next_attempt_at),
    update (attempts, next_attempt_at, lease_owner, lease_until, lease_epoch),
    delete
    on follow_up_jobs to ignacio_worker;
create policy follow_up_jobs_worker_select on follow_up_jobs
    for select to ignacio_worker
    using (coalesce(user_id = (select app.leased_user_id()), true));
create policy follow_up_jobs_worker_insert on follow_up_jobs
    for insert to ignacio_worker with check (user_id = (select app.leased_user_id()));
create policy follow_up_jobs_worker_update on follow_up_jobs
    for update to ignacio_worker using (true) with check (true);
create policy follow_up_jobs_worker_delete on follow_up_jobs
    for delete to ignacio_worker using (user_id = (select app.leased_user_id()));

grant select (id, user_id, lease_owner, lease_until, lease_epoch)
    on follow_up_jobs to ignacio_definer;
create policy follow_up_jobs_definer_select on follow_up_jobs
    for select to ignacio_definer using (true);
