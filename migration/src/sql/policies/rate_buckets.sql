-- The login counts hits; the worker deletes old rows.
grant select, insert (id), update (hits) on rate_buckets to ignacio_auth;
create policy rate_buckets_auth_select on rate_buckets for select to ignacio_auth using (true);
create policy rate_buckets_auth_insert on rate_buckets for insert to ignacio_auth
    with check (hits = '{}');
create policy rate_buckets_auth_update on rate_buckets
    for update to ignacio_auth using (true) with check (true);

grant select, delete on rate_buckets to ignacio_worker;
create policy rate_buckets_worker_select on rate_buckets
    for select to ignacio_worker using (updated_at < now() - interval '25 hours');
create policy rate_buckets_worker_delete on rate_buckets
    for delete to ignacio_worker using (updated_at < now() - interval '25 hours');
