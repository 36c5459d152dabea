create trigger follow_up_jobs_updated_at before update on follow_up_jobs
    for each row execute function app.set_updated_at();
