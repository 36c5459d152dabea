create trigger rate_buckets_updated_at before update on rate_buckets
    for each row execute function app.set_updated_at();
