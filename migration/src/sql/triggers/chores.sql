create trigger chores_updated_at before update on chores
    for each row execute function app.set_updated_at();
