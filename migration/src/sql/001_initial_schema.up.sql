-- Users, conversations, messages, sessions and one-time codes, each under row level security. Their
-- policies are in policies/ and are applied in the same transaction. Table and column names are
-- those of the log.
create schema if not exists app;
grant usage on schema app to ignacio_api, ignacio_auth, ignacio_worker, ignacio_admin, ignacio_definer;

create table if not exists users (
    id           uuid primary key default gen_random_uuid(),
    phone_number varchar(20) not null unique,
    name         varchar(255) not null,
    is_admin     boolean not null default false,
    is_active    boolean not null default true,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);

create table if not exists conversations (
    id         uuid primary key default gen_random_uuid(),
    user_id    uuid not null references users (id) on delete cascade,
    title      varchar(255),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- What children refer to, so that a child cannot belong to another user's parent.
    constraint conversations_owner_key unique (user_id, id)
);

create table if not exists messages (
    id              uuid primary key default gen_random_uuid(),
    conversation_id uuid not null,
    user_id         uuid not null,
    content         text not null,
    message_type    text not null default 'text'
        constraint messages_message_type_check
        check (message_type in ('text', 'image', 'audio', 'video', 'document')),
    is_from_user    boolean not null,
    -- The clock and not the transaction's start, so that a reply made in the same transaction
    -- comes after its question.
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default now(),
    constraint messages_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete cascade
);
-- The one index of messages: it serves the page, the cascade and the policy alike. A second one on
-- user_id alone would tempt the planner to intersect both.
create index if not exists messages_page_idx
    on messages (user_id, conversation_id, created_at desc, id desc);

create table if not exists user_sessions (
    id              uuid primary key default gen_random_uuid(),
    user_id         uuid not null references users (id) on delete cascade,
    token_hash      bytea not null unique,
    device_name     varchar(120),
    expires_at      timestamptz not null,
    idle_expires_at timestamptz not null,
    last_used_at    timestamptz not null default now(),
    revoked_at      timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);
create index if not exists user_sessions_user_idx on user_sessions (user_id, created_at desc);

create table if not exists otp_codes (
    id           uuid primary key default gen_random_uuid(),
    -- Null is a decoy: nobody to send a code to, but the same row and the same work.
    user_id      uuid references users (id) on delete cascade,
    phone_number varchar(20) not null,
    -- Null until the code is made, which is when it is sent.
    code_hash    bytea,
    attempts     smallint not null default 0,
    expires_at   timestamptz not null,
    sent_at      timestamptz,
    used_at      timestamptz,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create index if not exists otp_codes_phone_idx on otp_codes (phone_number, created_at desc);
create index if not exists otp_codes_user_idx on otp_codes (user_id);

alter table users enable row level security;
alter table users force row level security;
alter table conversations enable row level security;
alter table conversations force row level security;
alter table messages enable row level security;
alter table messages force row level security;
alter table user_sessions enable row level security;
alter table user_sessions force row level security;
alter table otp_codes enable row level security;
alter table otp_codes force row level security;
