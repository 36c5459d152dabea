-- Responses: one row per generation of a reply, which is also the worker's job; their events,
-- attachments and citations; and the jobs that follow them.
create table responses (
    id                   uuid primary key default gen_random_uuid(),
    user_id              uuid not null,
    conversation_id      uuid not null,
    message_id           uuid not null references messages (id) on delete cascade,
    state                text not null default 'queued'
        constraint responses_state_check check (
            state in ('queued', 'running', 'completed', 'incomplete', 'cancelled', 'failed')),
    failure              text,
    incomplete_reason    text,
    model                text,
    instructions_version text,
    provider_response_id text,
    provider_cursor      bigint,
    input_tokens         bigint,
    cached_tokens        bigint,
    output_tokens        bigint,
    reasoning_tokens     bigint,
    cancel_requested_at  timestamptz,
    attempts             integer not null default 0,
    next_attempt_at      timestamptz not null default now(),
    lease_owner          uuid,
    lease_until          timestamptz,
    lease_epoch          bigint not null default 0,
    started_at           timestamptz,
    finished_at          timestamptz,
    created_at           timestamptz not null default now(),
    updated_at           timestamptz not null default now(),
    tools                text[] not null default '{}',
    first_text_at        timestamptz,
    -- Millionths of a US dollar, at the price when it was generated.
    cost_micro           bigint,
    constraint responses_owner_key unique (user_id, id),
    constraint responses_message_key unique (message_id),
    constraint responses_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete cascade
);
create index responses_conversation_idx
    on responses (user_id, conversation_id, created_at desc);
-- One response at a time in a conversation.
create unique index responses_running_key
    on responses (conversation_id) where state in ('queued', 'running');
create index responses_lease_idx on responses (lease_owner) where state = 'running';
create index responses_due_idx
    on responses (next_attempt_at) where state in ('queued', 'running');

-- Events 1, 2, 3 … of a response. Adjacent deltas share a row, which then covers first_seq to seq
-- and keeps the text of each delta, so that a reader can join at any number.
create table response_events (
    response_id uuid not null,
    user_id     uuid not null,
    seq         bigint not null,
    first_seq   bigint not null,
    kind        text not null,
    payload     jsonb not null,
    created_at  timestamptz not null default now(),
    primary key (response_id, seq),
    constraint response_events_span_check check (first_seq between 1 and seq),
    constraint response_events_response_fkey foreign key (user_id, response_id)
        references responses (user_id, id) on delete cascade
);
create index response_events_response_idx on response_events (user_id, response_id);

create table message_files (
    message_id uuid not null references messages (id) on delete cascade,
    user_id    uuid not null,
    file_id    uuid not null,
    created_at timestamptz not null default now(),
    primary key (message_id, file_id),
    constraint message_files_file_fkey foreign key (user_id, file_id)
        references user_files (user_id, id) on delete cascade
);
create index message_files_file_idx on message_files (user_id, file_id);

create table citations (
    id         uuid primary key default gen_random_uuid(),
    message_id uuid not null references messages (id) on delete cascade,
    user_id    uuid not null,
    -- The name and the quote outlive the file; the reference to it does not.
    file_id    uuid,
    file_name  varchar(255) not null,
    quote      text,
    position   integer not null,
    created_at timestamptz not null default now(),
    -- Whether the file contains the quote; null if that could not be checked.
    verified   boolean,
    constraint citations_file_fkey foreign key (user_id, file_id)
        references user_files (user_id, id) on delete set null (file_id)
);
create index citations_message_idx on citations (message_id, position);
create index citations_file_idx on citations (user_id, file_id);

-- Jobs that follow a reply: naming its conversation, summarizing what no longer fits into the
-- model's context, verifying citations. Each belongs to one user and is leased like a response.
create table follow_up_jobs (
    id              uuid primary key default gen_random_uuid(),
    user_id         uuid not null,
    conversation_id uuid not null,
    kind            text not null
        constraint follow_up_jobs_kind_check check (kind in ('title', 'summary', 'citations')),
    -- The reply whose citations are verified.
    message_id      uuid,
    attempts        integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    lease_owner     uuid,
    lease_until     timestamptz,
    lease_epoch     bigint not null default 0,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint follow_up_jobs_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete cascade,
    constraint follow_up_jobs_once_key unique nulls not distinct (conversation_id, kind, message_id)
);
create index follow_up_jobs_conversation_idx on follow_up_jobs (user_id, conversation_id);
create index follow_up_jobs_due_idx on follow_up_jobs (next_attempt_at);

-- A summary of the oldest part of a conversation, written by the model.
create table conversation_summaries (
    conversation_id uuid primary key,
    user_id         uuid not null,
    content         text not null,
    -- The last message that it covers, by its place in the conversation.
    until_at        timestamptz not null,
    until_id        uuid not null,
    n_messages      bigint not null,
    model           text not null,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint conversation_summaries_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete cascade
);
create index conversation_summaries_user_idx on conversation_summaries (user_id, conversation_id);

alter table responses enable row level security;
alter table responses force row level security;
alter table response_events enable row level security;
alter table response_events force row level security;
alter table message_files enable row level security;
alter table message_files force row level security;
alter table citations enable row level security;
alter table citations force row level security;
alter table follow_up_jobs enable row level security;
alter table follow_up_jobs force row level security;
alter table conversation_summaries enable row level security;
alter table conversation_summaries force row level security;
