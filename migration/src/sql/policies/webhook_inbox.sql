-- Delivery reports, before it is known which user they concern.
grant
    select,
    insert (digest, body),
    update (body, processed_at, error)
    on webhook_inbox to ignacio_auth;
create policy webhook_inbox_auth_select on webhook_inbox
    for select to ignacio_auth using (true);
create policy webhook_inbox_auth_insert on webhook_inbox
    for insert to ignacio_auth with check (processed_at is null);
create policy webhook_inbox_auth_update on webhook_inbox
    for update to ignacio_auth using (processed_at is null) with check (true);

grant select (id, created_at), delete on webhook_inbox to ignacio_worker;
create policy webhook_inbox_worker_select on webhook_inbox
    for select to ignacio_worker using (created_at < now() - interval '30 days');
create policy webhook_inbox_worker_delete on webhook_inbox
    for delete to ignacio_worker using (created_at < now() - interval '30 days');
