-- The worker's: one for each user. A worker that acts for a user sees that user's only.
grant select, insert, delete on user_vector_stores to ignacio_worker;
create policy user_vector_stores_worker_select on user_vector_stores
    for select to ignacio_worker
    using (coalesce(user_id = (select app.leased_user_id()), true));
create policy user_vector_stores_worker_insert on user_vector_stores
    for insert to ignacio_worker with check (true);
create policy user_vector_stores_worker_delete on user_vector_stores
    for delete to ignacio_worker using (true);
