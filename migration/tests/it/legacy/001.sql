create extension if not exists "uuid-ossp";

create type message_type as enum ('text', 'image', 'audio', 'video', 'document');

create table if not exists users (
    id uuid primary key default uuid_generate_v4(),
    phone_number varchar(20) unique not null,
    name varchar(100),
    is_admin boolean default false,
    is_active boolean default true,
    created_at timestamp with time zone default now(),
    updated_at timestamp with time zone default now()
);

create table if not exists otp_codes (
    id uuid primary key default uuid_generate_v4(),
    phone_number varchar(20) not null,
    code varchar(6) not null,
    expires_at timestamp with time zone not null,
    is_used boolean default false,
    created_at timestamp with time zone default now()
);

create table if not exists conversations (
    id uuid primary key default uuid_generate_v4(),
    user_id uuid references users(id) on delete cascade,
    title text,
    created_at timestamp with time zone default now(),
    updated_at timestamp with time zone default now()
);

create table if not exists messages (
    id uuid primary key default uuid_generate_v4(),
    conversation_id uuid references conversations(id) on delete cascade,
    user_id uuid references users(id) on delete cascade,
    content text,
    message_type message_type default 'text',
    is_from_user boolean,
    created_at timestamp with time zone default now(),
    updated_at timestamp with time zone default now()
);

create table if not exists user_sessions (
    id uuid primary key default uuid_generate_v4(),
    user_id uuid references users(id) on delete cascade,
    session_token varchar(255) unique not null,
    expires_at timestamp with time zone not null,
    created_at timestamp with time zone default now()
);

create index if not exists idx_users_phone on users(phone_number);

create index if not exists idx_users_phone_number on users(phone_number);

create index if not exists idx_messages_conversation on messages(conversation_id);

create index if not exists idx_messages_conversation_id on messages(conversation_id);

create or replace function update_updated_at_column() returns trigger as $$
begin
    new.updated_at = now();
    return new;
end;
$$ language plpgsql;

create trigger update_users_updated_at before update on users
    for each row execute function update_updated_at_column();

create trigger update_conversations_updated_at before update on conversations
    for each row execute function update_updated_at_column();

insert into users (phone_number, name, is_admin)
    values ('+1234567890', 'Admin', true) on conflict do nothing;
