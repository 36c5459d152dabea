-- Nothing for the request path. Admins see what became of a user's codes, never the codes or their
-- digests, and may void codes that are still valid.
grant
    select,
    insert,
    update (code_hash, attempts, sent_at, used_at, redeemed_at)
    on otp_codes to ignacio_auth;
create policy otp_codes_auth_select on otp_codes for select to ignacio_auth using (true);
create policy otp_codes_auth_insert on otp_codes
    for insert to ignacio_auth
    with check (attempts = 0 and used_at is null and code_hash is null);
create policy otp_codes_auth_update on otp_codes
    for update to ignacio_auth using (true) with check (true);

grant select, delete on otp_codes to ignacio_worker;
create policy otp_codes_worker_select on otp_codes
    for select to ignacio_worker using (expires_at < now() - interval '24 hours');
create policy otp_codes_worker_delete on otp_codes
    for delete to ignacio_worker using (expires_at < now() - interval '24 hours');

grant
    select (id, user_id, attempts, expires_at, used_at, created_at, redeemed_at),
    update (used_at)
    on otp_codes to ignacio_admin;
create policy otp_codes_admin_select on otp_codes
    for select to ignacio_admin using ((select app.is_admin()) and user_id is not null);
create policy otp_codes_admin_update on otp_codes
    for update to ignacio_admin
    using ((select app.is_admin()) and user_id is not null and used_at is null)
    with check ((select app.is_admin()) and user_id is not null and used_at is not null);
