create trigger webhook_inbox_updated_at before update on webhook_inbox
    for each row execute function app.set_updated_at();
