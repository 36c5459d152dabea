-- The row of a file is also its sync job: a worker claims it with a lease, an epoch fences the
-- lease, and the status moves only along the arrows of ignacio_domain::sync::SyncStatus.
alter table user_files
    add column conversation_id uuid,
    add column content_sha256  bytea,
    -- Null during the upload: no user sees such a row.
    add column uploaded_at     timestamptz,
    -- Set when the owner deletes the file: it is hidden at once, and the row goes when every copy
    -- elsewhere is gone.
    add column deleted_at      timestamptz,
    add column purged_at       timestamptz,
    add column sync_attempts   integer not null default 0,
    add column sync_error      text,
    add column synced_at       timestamptz,
    add column next_attempt_at timestamptz not null default now(),
    add column lease_owner     uuid,
    add column lease_until     timestamptz,
    add column lease_epoch     bigint not null default 0,
    add constraint user_files_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete set null (conversation_id);
create index user_files_conversation_idx on user_files (user_id, conversation_id);
create index user_files_due_idx on user_files (next_attempt_at)
    where openai_sync_status in ('pending', 'syncing') and deleted_at is null;
create index user_files_deleted_idx on user_files (next_attempt_at) where deleted_at is not null;
create index user_files_unfinished_idx on user_files (created_at)
    where uploaded_at is null and deleted_at is null;

create table user_vector_stores (
    user_id                uuid primary key references users (id) on delete cascade,
    openai_vector_store_id text not null unique,
    created_at             timestamptz not null default now(),
    updated_at             timestamptz not null default now()
);

-- A user who was erased, and how much was erased with them. It names them by id only.
create table erasures (
    id              uuid primary key default gen_random_uuid(),
    erased_user_id       uuid not null,
    admin_id        uuid not null,
    n_conversations bigint not null,
    n_messages      bigint not null,
    n_files         bigint not null,
    created_at      timestamptz not null default now()
);

-- Objects outside the database that are to be deleted because their rows are gone. It names no user.
create table purge_queue (
    id              uuid primary key default gen_random_uuid(),
    kind            text not null constraint purge_queue_kind_check check (
        kind in ('object', 'openai_file', 'openai_vector_store', 'openai_response')),
    target          text not null,
    attempts        integer not null default 0,
    error           text,
    next_attempt_at timestamptz not null default now(),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    -- The erasure that it is a part of, if any.
    erasure_id      uuid references erasures (id) on delete set null
);
create index purge_queue_due_idx on purge_queue (next_attempt_at);
create index purge_queue_erasure_idx on purge_queue (erasure_id);

alter table user_vector_stores enable row level security;
alter table user_vector_stores force row level security;
alter table erasures enable row level security;
alter table erasures force row level security;
alter table purge_queue enable row level security;
alter table purge_queue force row level security;
