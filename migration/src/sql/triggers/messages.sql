create trigger messages_count after insert on messages
    for each row execute function app.count_message();
create trigger messages_updated_at before update on messages
    for each row execute function app.set_updated_at();
