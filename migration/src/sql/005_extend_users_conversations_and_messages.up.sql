-- User settings, what the list of conversations shows without counting, versions of messages and
-- feedback on replies.
alter table users
    add column locale text not null default 'es'
        constraint users_locale_check check (locale in ('es', 'en')),
    -- When the number was last found not to be on WhatsApp.
    add column unreachable_at timestamptz,
    -- Whether replies to this user may search the web, where the deployment allows it at all.
    add column web_search boolean not null default true;
create index users_page_idx on users (created_at desc, id desc);

-- Trigger functions keep the counts, whoever writes the messages.
alter table conversations
    add column message_count   bigint not null default 0,
    add column last_message_at timestamptz,
    add column archived        boolean not null default false,
    add column pinned          boolean not null default false,
    add column active_at       timestamptz not null
        generated always as (coalesce(last_message_at, created_at)) stored;
create index conversations_list_idx on conversations (user_id, archived, active_at desc, id desc);

-- A reply exists as soon as it is requested; its status says how far it is. A newer version of a
-- message replaces the older one and every message after it, which remain as earlier versions.
alter table messages
    add column status text not null default 'complete'
        constraint messages_status_check
        check (status in ('pending', 'complete', 'incomplete', 'cancelled', 'failed')),
    add column version     integer not null default 1,
    -- The version before, by the same author in the same conversation.
    add column replaces    uuid,
    add column replaced_at timestamptz;

create table message_feedback (
    message_id uuid primary key references messages (id) on delete cascade,
    user_id    uuid not null references users (id) on delete cascade,
    rating     text not null constraint message_feedback_rating_check check (rating in ('up', 'down')),
    reason     text constraint message_feedback_reason_check check (char_length(reason) <= 1000),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index message_feedback_user_idx on message_feedback (user_id);
alter table message_feedback enable row level security;
alter table message_feedback force row level security;
