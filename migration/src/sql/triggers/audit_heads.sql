create trigger audit_heads_updated_at before update on audit_heads
    for each row execute function app.set_updated_at();
