create trigger login_failures_updated_at before update on login_failures
    for each row execute function app.set_updated_at();
