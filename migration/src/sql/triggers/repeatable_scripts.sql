create trigger repeatable_scripts_updated_at before update on repeatable_scripts
    for each row execute function app.set_updated_at();
