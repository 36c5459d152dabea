create trigger user_vector_stores_purge before delete on user_vector_stores
    for each row execute function app.queue_store_purge();
create trigger user_vector_stores_updated_at before update on user_vector_stores
    for each row execute function app.set_updated_at();
