-- What becomes of what was sent: notices beside codes, delivery as WhatsApp reports it, and the inbox
-- of its reports.

alter table outbox
    alter column otp_id drop not null,
    add column kind         text not null default 'code'
        constraint outbox_kind_check check (kind in ('code', 'phone_changed', 'new_device')),
    -- Whom a notice is about, and where it goes; a code goes where its challenge says.
    add column user_id      uuid references users (id) on delete cascade,
    add column phone_number varchar(20),
    -- Each is set once, to the earliest that was reported, so reports may come in any order and any
    -- number of times. For a decoy they are another number's, and may lie in the future.
    add column sent_at      timestamptz,
    add column delivered_at timestamptz,
    add column read_at      timestamptz,
    add column failed_at    timestamptz,
    -- Whether it failed because of the service and not because of this number.
    add column is_our_fault boolean not null default false,
    add constraint outbox_receiver_check check (
        case kind when 'code' then otp_id is not null and user_id is null and phone_number is null
                  else otp_id is null and user_id is not null and phone_number is not null end);
create index outbox_user_idx on outbox (user_id);
create index outbox_provider_message_idx on outbox (provider_message_id);
-- What was really sent, which is what decoys imitate.
create index outbox_sent_idx on outbox (sent_at desc)
    where state = 'sent' and provider_message_id is not null;
grant update (sent_at, delivered_at, read_at, failed_at, is_our_fault) on outbox to ignacio_auth;
grant select (id, otp_id, created_at), delete on outbox to ignacio_worker;
create policy outbox_worker_select on outbox
    for select to ignacio_worker
    using (otp_id is null and created_at < now() - interval '30 days');
create policy outbox_worker_delete on outbox
    for delete to ignacio_worker
    using (otp_id is null and created_at < now() - interval '30 days');

-- Reports as they came, by the digest of their bytes: the same one again changes nothing. The bytes
-- go as soon as they were understood, because they name numbers; the digest stays for 30 days.
create table webhook_inbox (
    id           uuid primary key default gen_random_uuid(),
    digest       bytea not null unique,
    body         bytea,
    processed_at timestamptz,
    error        text,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create index webhook_inbox_due_idx on webhook_inbox (created_at) where processed_at is null;
create trigger webhook_inbox_updated_at before update on webhook_inbox
    for each row execute function app.set_updated_at();
alter table webhook_inbox enable row level security;
alter table webhook_inbox force row level security;
grant select, insert (digest, body) on webhook_inbox to ignacio_auth;
grant update (body, processed_at, error) on webhook_inbox to ignacio_auth;
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

-- The staff see what became of somebody's codes, never the codes or their digests.
grant select (id, user_id, attempts, expires_at, used_at, redeemed_at, created_at) on otp_codes
    to ignacio_admin;
create policy otp_codes_admin_select on otp_codes
    for select to ignacio_admin using ((select app.is_admin()) and user_id is not null);
-- Another number, or a shut account, voids the codes that are on their way.
grant update (used_at) on otp_codes to ignacio_admin;
create policy otp_codes_admin_update on otp_codes
    for update to ignacio_admin
    using ((select app.is_admin()) and user_id is not null and used_at is null)
    with check ((select app.is_admin()) and user_id is not null and used_at is not null);
grant select (id, otp_id, kind, user_id, state, attempts, error, sent_at, delivered_at, read_at,
    failed_at, is_our_fault, created_at) on outbox to ignacio_admin;
create policy outbox_admin_select on outbox
    for select to ignacio_admin using ((select app.is_admin()));

-- Whoever had the number and whoever has it now are told that it has changed.
grant insert (kind, user_id, phone_number) on outbox to ignacio_definer;
create policy outbox_definer_insert on outbox
    for insert to ignacio_definer with check (kind = 'phone_changed');
grant create on schema app to ignacio_definer;
set local role ignacio_definer;
create function app.tell_of_new_number() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    insert into public.outbox (kind, user_id, phone_number)
    select 'phone_changed', new.id, it
      from pg_catalog.unnest(array[old.phone_number, new.phone_number]) it
     where not pg_catalog.starts_with(it, '+0');
    return null;
end $$;
revoke all on function app.tell_of_new_number() from public;
grant execute on function app.tell_of_new_number() to ignacio_owner;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;
create trigger users_tell_of_new_number after update of phone_number on users
    for each row when (new.phone_number <> old.phone_number)
    execute function app.tell_of_new_number();
