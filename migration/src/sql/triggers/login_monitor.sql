create trigger login_monitor_updated_at before update on login_monitor
    for each row execute function app.set_updated_at();
