create trigger known_devices_updated_at before update on known_devices
    for each row execute function app.set_updated_at();
