create trigger responses_purge before delete on responses
    for each row when (old.provider_response_id is not null)
    execute function app.queue_response_purge();
create trigger responses_settle before delete on responses
    for each row when (old.state in ('queued', 'running')) execute function app.settle_deleted_response();
create trigger responses_updated_at before update on responses
    for each row execute function app.set_updated_at();
