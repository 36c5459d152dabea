create trigger conversations_audit after delete on conversations
    for each row execute function app.audit_conversation();
create trigger conversations_updated_at before update of title, archived, pinned on conversations
    for each row execute function app.set_updated_at();
