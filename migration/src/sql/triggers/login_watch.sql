create trigger login_watch_updated_at before update on login_watch
    for each row execute function app.set_updated_at();
