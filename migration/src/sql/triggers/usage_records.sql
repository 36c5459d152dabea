create trigger usage_records_updated_at before update on usage_records
    for each row execute function app.set_updated_at();
