create trigger message_feedback_updated_at before update on message_feedback
    for each row execute function app.set_updated_at();
