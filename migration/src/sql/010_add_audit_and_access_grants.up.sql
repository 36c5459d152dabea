-- Who did what to whose data. Events are only ever added, and only by definer functions and
-- triggers. Each carries the hash of the one before it, so that a changed, missing or inserted row
-- shows (`ignacio audit verify`). No foreign keys: an event outlives the rows that it names.
create table audit_events (
    id         uuid primary key default gen_random_uuid(),
    seq        bigint not null constraint audit_events_seq_key unique
        constraint audit_events_seq_check check (seq > 0),
    -- Null is the system itself: a tool, a worker, a login that ends an older session.
    actor_id   uuid,
    actor_name varchar(255),
    actor_role text not null
        constraint audit_events_actor_role_check
        check (actor_role in ('participant', 'admin', 'system')),
    action     text not null
        constraint audit_events_action_check check (action in (
            'session.opened', 'session.ended', 'session.reused', 'session.verified',
            'user.created', 'user.changed', 'user.deleted', 'user.read', 'users.listed',
            'user.unlocked', 'codes.listed', 'conversation.deleted', 'conversations.listed',
            'messages.listed', 'file.deleted', 'files.listed', 'usage.listed',
            'grant.created', 'audit.listed')),
    -- The user whose data it concerns.
    subject_id uuid,
    -- The session, conversation, file or grant.
    target_id  uuid,
    reason     text,
    detail     jsonb not null default '{}',
    prev_hash  bytea not null,
    hash       bytea not null,
    created_at timestamptz not null
);
create index audit_events_page_idx on audit_events (created_at desc, id desc);
create index audit_events_actor_idx on audit_events (actor_id, created_at desc, id desc);
create index audit_events_subject_idx on audit_events (subject_id, created_at desc, id desc);

-- The end of the chain, in one row: its lock puts the events in order, and it shows when the last
-- ones were cut off.
create table audit_heads (
    id         uuid primary key default '00000000-0000-0000-0000-000000000000'
        constraint audit_heads_single_check check (id = '00000000-0000-0000-0000-000000000000'),
    seq        bigint not null,
    hash       bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
insert into audit_heads (seq, hash) values (0, decode(repeat('00', 32), 'hex'));

-- An admin's permission to read a user's conversations: why and until when. It is never changed or
-- removed.
create table access_grants (
    id         uuid primary key default gen_random_uuid(),
    admin_id   uuid not null references users (id) on delete cascade,
    user_id    uuid not null references users (id) on delete cascade,
    reason     text not null constraint access_grants_reason_check
        check (char_length(reason) between 10 and 500 and reason ~ '\S\s+\S'),
    expires_at timestamptz not null default now() + interval '30 minutes',
    created_at timestamptz not null default now()
);
create index access_grants_admin_idx on access_grants (admin_id, user_id, expires_at desc);
create index access_grants_user_idx on access_grants (user_id);

alter table audit_events enable row level security;
alter table audit_events force row level security;
alter table audit_heads enable row level security;
alter table audit_heads force row level security;
alter table access_grants enable row level security;
alter table access_grants force row level security;
