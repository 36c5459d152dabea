create trigger purge_queue_updated_at before update on purge_queue
    for each row execute function app.set_updated_at();
