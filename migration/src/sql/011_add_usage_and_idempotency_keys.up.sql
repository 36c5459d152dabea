-- What responses cost, and how much a user may use. A record outlives its conversation: usage is not
-- refunded. It holds numbers and the name of a model, and no content.
create table usage_records (
    -- The response's id for a reply; a new one for a follow-up job.
    id               uuid primary key default gen_random_uuid(),
    user_id          uuid not null references users (id) on delete cascade,
    kind             text not null
        constraint usage_records_kind_check check (kind in ('reply', 'title', 'summary')),
    model            text not null,
    -- `estimated` is a response that was deleted before its end: it counts as reserved.
    state            text not null
        constraint usage_records_state_check check (state in ('reserved', 'settled', 'estimated')),
    reserved_tokens  bigint not null default 0,
    reserved_micro   bigint not null default 0,
    input_tokens     bigint not null default 0,
    cached_tokens    bigint not null default 0,
    output_tokens    bigint not null default 0,
    reasoning_tokens bigint not null default 0,
    -- Millionths of a US dollar, at the price when it was generated.
    cost_micro       bigint not null default 0,
    settled_at       timestamptz,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now()
);
create index usage_records_user_idx on usage_records (user_id, created_at);
create index usage_records_created_idx on usage_records (created_at);
create index usage_records_open_idx on usage_records (user_id) where state = 'reserved';

-- The responses to requests that create something, so that a client that received none can repeat
-- its request. Each is written in the transaction that creates the thing, so neither exists without
-- the other.
create table idempotency_keys (
    id              uuid primary key default gen_random_uuid(),
    user_id         uuid not null references users (id) on delete cascade,
    -- Digests of the key and of the request that came with it.
    key_hash        bytea not null,
    request_hash    bytea not null,
    -- The conversation that the created thing belongs to: the stored response is deleted with it.
    conversation_id uuid,
    -- Until then a request without a response counts as in progress. Later its process is dead.
    locked_until    timestamptz not null default now() + interval '5 minutes',
    status          smallint,
    location        text,
    body            text,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint idempotency_keys_key unique (user_id, key_hash),
    constraint idempotency_keys_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete cascade
);
create index idempotency_keys_conversation_idx on idempotency_keys (user_id, conversation_id);
create index idempotency_keys_created_idx on idempotency_keys (created_at);

alter table usage_records enable row level security;
alter table usage_records force row level security;
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
