-- Codes to send. A row is made in the transaction that makes the challenge, and only for numbers
-- that belong to somebody; the code itself is made when it is sent.
create table outbox (
    id                  uuid primary key default gen_random_uuid(),
    otp_id              uuid not null references otp_codes (id) on delete cascade,
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
    constraint outbox_otp_key unique (otp_id)
);
create index outbox_due_idx on outbox (next_attempt_at) where state = 'queued';
create trigger outbox_updated_at before update on outbox
    for each row execute function app.set_updated_at();
alter table outbox enable row level security;
alter table outbox force row level security;
grant select, insert on outbox to ignacio_auth;
grant update (state, attempts, error, provider_message_id, next_attempt_at, lease_owner,
    lease_until) on outbox to ignacio_auth;
create policy outbox_auth_select on outbox for select to ignacio_auth using (true);
create policy outbox_auth_insert on outbox
    for insert to ignacio_auth with check (state = 'queued' and attempts = 0);
create policy outbox_auth_update on outbox
    for update to ignacio_auth using (true) with check (true);
