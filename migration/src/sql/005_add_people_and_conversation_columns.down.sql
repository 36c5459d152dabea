drop trigger messages_count on messages;
set local role ignacio_definer;
drop function app.count_message();
set local role ignacio_owner;
drop policy conversations_definer_update on conversations;
drop policy conversations_definer_select on conversations;
revoke all on conversations from ignacio_definer;
alter table messages drop column status;
drop trigger conversations_updated_at on conversations;
alter table conversations
    drop column active_at,
    drop column pinned,
    drop column archived,
    drop column last_message_at,
    drop column message_count;
create trigger conversations_updated_at before update of title on conversations
    for each row execute function app.set_updated_at();
alter table users drop column locale;
