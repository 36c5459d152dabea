-- Triggers queue; the worker deletes. It names no user.
grant select, update (attempts, error, next_attempt_at), delete on purge_queue to ignacio_worker;
create policy purge_queue_worker_select on purge_queue for select to ignacio_worker using (true);
create policy purge_queue_worker_update on purge_queue
    for update to ignacio_worker using (true) with check (true);
create policy purge_queue_worker_delete on purge_queue for delete to ignacio_worker using (true);

grant select (id, kind, erasure_id) on purge_queue to ignacio_admin;
create policy purge_queue_admin_select on purge_queue
    for select to ignacio_admin
    using ((select app.is_admin()) and erasure_id is not null);

grant select, insert (kind, target), update (erasure_id) on purge_queue to ignacio_definer;
create policy purge_queue_definer_insert on purge_queue
    for insert to ignacio_definer with check (true);
create policy purge_queue_definer_select on purge_queue
    for select to ignacio_definer using (true);
create policy purge_queue_definer_update on purge_queue
    for update to ignacio_definer using (erasure_id is null) with check (true);
