-- The language of a person, and what the list of conversations shows without counting.
alter table users
    add column locale text not null default 'es'
    constraint users_locale_check check (locale in ('es', 'en'));
grant update (locale) on users to ignacio_api;
grant select (locale) on users to ignacio_auth, ignacio_definer;

alter table conversations
    add column message_count   bigint not null default 0,
    add column last_message_at timestamptz,
    add column archived        boolean not null default false,
    add column pinned          boolean not null default false,
    add column active_at       timestamptz not null
        generated always as (coalesce(last_message_at, created_at)) stored;
create index conversations_list_idx on conversations (user_id, archived, active_at desc, id desc);
grant update (archived, pinned) on conversations to ignacio_api;
drop trigger conversations_updated_at on conversations;
create trigger conversations_updated_at before update of title, archived, pinned on conversations
    for each row execute function app.set_updated_at();

-- A reply exists from the moment it is asked for; the status says how far it is.
alter table messages
    add column status text not null default 'complete'
    constraint messages_status_check
    check (status in ('pending', 'complete', 'incomplete', 'cancelled', 'failed'));
grant insert (status) on messages to ignacio_api;

-- The database keeps the counts, whoever writes.
grant update (message_count, last_message_at) on conversations to ignacio_definer;
grant select (id, user_id, message_count, last_message_at) on conversations to ignacio_definer;
create policy conversations_definer_select on conversations
    for select to ignacio_definer using (true);
create policy conversations_definer_update on conversations
    for update to ignacio_definer using (true) with check (true);
grant create on schema app to ignacio_definer;
set local role ignacio_definer;
create function app.count_message() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    update public.conversations c
       set message_count = c.message_count + 1,
           last_message_at = greatest(c.last_message_at, new.created_at)
     where c.user_id = new.user_id and c.id = new.conversation_id;
    return null;
end $$;
revoke all on function app.count_message() from public;
grant execute on function app.count_message() to ignacio_owner;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;
create trigger messages_count after insert on messages
    for each row execute function app.count_message();
