create trigger outbox_updated_at before update on outbox
    for each row execute function app.set_updated_at();
