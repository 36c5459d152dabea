-- The login queues and sends. Admins see what became of a message, never the phone number. A
-- trigger queues notices.
grant
    select,
    insert,
    update (state, attempts, error, provider_message_id, next_attempt_at, lease_owner,
        lease_until, sent_at, delivered_at, read_at, failed_at, is_misconfigured)
    on outbox to ignacio_auth;
create policy outbox_auth_select on outbox for select to ignacio_auth using (true);
create policy outbox_auth_insert on outbox
    for insert to ignacio_auth with check (state = 'queued' and attempts = 0);
create policy outbox_auth_update on outbox
    for update to ignacio_auth using (true) with check (true);

grant select (id, otp_id, created_at), delete on outbox to ignacio_worker;
create policy outbox_worker_select on outbox
    for select to ignacio_worker
    using (otp_id is null and created_at < now() - interval '30 days');
create policy outbox_worker_delete on outbox
    for delete to ignacio_worker
    using (otp_id is null and created_at < now() - interval '30 days');

grant
    select (id, otp_id, state, attempts, error, created_at, kind, user_id, sent_at,
        delivered_at, read_at, failed_at, is_misconfigured)
    on outbox to ignacio_admin;
create policy outbox_admin_select on outbox
    for select to ignacio_admin using ((select app.is_admin()));

grant insert (kind, user_id, phone_number) on outbox to ignacio_definer;
create policy outbox_definer_insert on outbox
    for insert to ignacio_definer with check (kind = 'phone_changed');
