create trigger conversation_summaries_updated_at before update on conversation_summaries
    for each row execute function app.set_updated_at();
