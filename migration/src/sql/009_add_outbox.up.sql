-- Messages to send over WhatsApp, their delivery, and the inbox of delivery reports.

-- A row is made in the transaction that makes the challenge or the change that it reports. The code
-- itself is made when it is sent.
create table outbox (
    id                  uuid primary key default gen_random_uuid(),
    otp_id              uuid references otp_codes (id) on delete cascade,
    state               text not null default 'queued'
        constraint outbox_state_check check (state in ('queued', 'sent', 'failed')),
    attempts            integer not null default 0,
    error               text,
    provider_message_id text,
    next_attempt_at     timestamptz not null default now(),
    lease_owner         uuid,
    lease_until         timestamptz,
    created_at          timestamptz not null default now(),
    updated_at          timestamptz not null default now(),
    kind                text not null default 'code'
        constraint outbox_kind_check check (kind in ('code', 'phone_changed', 'new_device')),
    -- The user and the phone number of a notice; a code goes where its challenge says.
    user_id             uuid references users (id) on delete cascade,
    phone_number        varchar(20),
    -- Each is set to the earliest time that was reported, so reports may come in any order and any
    -- number of times. Those of a decoy are copied from another row, and may lie in the future.
    sent_at             timestamptz,
    delivered_at        timestamptz,
    read_at             timestamptz,
    failed_at           timestamptz,
    -- Whether it failed because of the service and not because of this number.
    is_misconfigured        boolean not null default false,
    constraint outbox_otp_key unique (otp_id),
    constraint outbox_receiver_check check (
        case kind when 'code' then otp_id is not null and user_id is null and phone_number is null
                  else otp_id is null and user_id is not null and phone_number is not null end)
);
create index outbox_due_idx on outbox (next_attempt_at) where state = 'queued';
create index outbox_user_idx on outbox (user_id);
create index outbox_provider_message_idx on outbox (provider_message_id);
-- What was really sent, which decoys imitate.
create index outbox_sent_idx on outbox (sent_at desc)
    where state = 'sent' and provider_message_id is not null;

-- Delivery reports as received, by the digest of their bytes: receiving one twice changes nothing.
-- The bytes contain phone numbers and are removed once processed; the digest is kept.
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

alter table outbox enable row level security;
alter table outbox force row level security;
alter table webhook_inbox enable row level security;
alter table webhook_inbox force row level security;
