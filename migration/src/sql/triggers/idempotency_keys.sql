create trigger idempotency_keys_updated_at before update on idempotency_keys
    for each row execute function app.set_updated_at();
