-- How often a code may be requested and tried, known devices, the monitor of all logins, tokens that
-- are replaced while their session lives on, and step-up.

-- When something happened last. The id is a keyed digest of what is counted, so that neither phone
-- numbers nor addresses are stored; for a known device it is the device's own id.
create table rate_buckets (
    id         uuid primary key,
    -- In order, the newest last; as many as its largest limit needs.
    hits       timestamptz[] not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index rate_buckets_updated_idx on rate_buckets (updated_at);

-- Failed attempts since the last successful login, under the same ids.
create table login_failures (
    id           uuid primary key,
    failures     integer not null default 0,
    paused_until timestamptz,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create index login_failures_updated_idx on login_failures (updated_at);

-- A device with which its user has logged in before. It has limits of its own, so that strangers who
-- use up the phone number's limits do not lock its owner out.
create table known_devices (
    id           uuid primary key default gen_random_uuid(),
    user_id      uuid not null references users (id) on delete cascade,
    token_hash   bytea not null unique,
    name         varchar(120),
    last_used_at timestamptz not null default now(),
    expires_at   timestamptz not null,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create index known_devices_user_idx on known_devices (user_id, last_used_at desc);

-- What the workers observe about logins as a whole, in one row.
create table login_monitor (
    id              uuid primary key default '00000000-0000-0000-0000-000000000000'
        constraint login_monitor_single_check check (id = '00000000-0000-0000-0000-000000000000'),
    -- Until then limits are tighter, because unusually many logins fail.
    alarm_until     timestamptz,
    -- Why no code can be sent at all, and when that was last observed.
    provider_outage    text,
    provider_outage_at timestamptz,
    checked_at      timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);
insert into login_monitor default values;

alter table otp_codes
    -- Whose limits its attempts count against: the phone number's or a known device's.
    add column budget_id   uuid not null default gen_random_uuid(),
    add column device_id  uuid references known_devices (id) on delete set null,
    -- The session that a step-up code verifies; null for a login code.
    add column session_id uuid references user_sessions (id) on delete cascade,
    add column redeemed_at timestamptz;
create index otp_codes_device_idx on otp_codes (device_id);
create index otp_codes_session_idx on otp_codes (session_id);
create index otp_codes_created_idx on otp_codes (created_at);

alter table user_sessions
    add column device_id   uuid references known_devices (id) on delete set null,
    -- When its user last entered a code.
    add column verified_at timestamptz not null default now(),
    add column renewed_at  timestamptz,
    -- When a token was used that had been replaced long before.
    add column reused_at   timestamptz;
create index user_sessions_device_idx on user_sessions (device_id);

-- Earlier tokens of a session. Each remains valid for one minute, for requests in flight; whoever
-- uses it later has stolen it, and that revokes the session.
create table retired_tokens (
    id         uuid primary key default gen_random_uuid(),
    session_id uuid not null references user_sessions (id) on delete cascade,
    token_hash bytea not null unique,
    -- When it was replaced.
    created_at timestamptz not null default now()
);
create index retired_tokens_session_idx on retired_tokens (session_id);

alter table rate_buckets enable row level security;
alter table rate_buckets force row level security;
alter table login_failures enable row level security;
alter table login_failures force row level security;
alter table known_devices enable row level security;
alter table known_devices force row level security;
alter table login_monitor enable row level security;
alter table login_monitor force row level security;
alter table retired_tokens enable row level security;
alter table retired_tokens force row level security;
