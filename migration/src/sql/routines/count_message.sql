-- Marks the versions that a new message replaces, and keeps the counts of its conversation: they
-- count current versions only.
set local role ignacio_definer;
create or replace function app.count_message() returns trigger
    language plpgsql security definer set search_path = '' as $$
declare
    v_replaced bigint := 0;
begin
    if new.replaces is not null then
        update public.messages m
           set replaced_at = pg_catalog.clock_timestamp()
          from public.messages o
         where o.user_id = new.user_id
           and o.conversation_id = new.conversation_id
           and o.id = new.replaces
           and o.is_from_user = new.is_from_user
           and o.replaced_at is null
           and m.user_id = new.user_id
           and m.conversation_id = new.conversation_id
           and (m.created_at, m.id) >= (o.created_at, o.id)
           and m.id <> new.id
           and m.replaced_at is null;
        get diagnostics v_replaced = row_count;
        if v_replaced = 0 then
            raise exception using
                errcode = 'foreign_key_violation', constraint = 'messages_replaces_fkey',
                message = 'no such version before';
        end if;
    end if;
    update public.conversations c
       set message_count = c.message_count + 1 - v_replaced,
           last_message_at = greatest(c.last_message_at, new.created_at)
     where c.user_id = new.user_id and c.id = new.conversation_id;
    return null;
end $$;
revoke all on function app.count_message() from public;
grant execute on function app.count_message() to ignacio_owner;
