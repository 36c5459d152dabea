create trigger user_sessions_audit_insert after insert on user_sessions
    for each row execute function app.audit_session();
create trigger user_sessions_audit_update after update of revoked_at on user_sessions
    for each row when (old.revoked_at is null and new.revoked_at is not null)
    execute function app.audit_session();
create trigger user_sessions_audit_verified after update of verified_at on user_sessions
    for each row when (old.verified_at is distinct from new.verified_at and old.revoked_at is null
        and new.revoked_at is null)
    execute function app.audit_session();
create trigger user_sessions_stay_revoked before update of revoked_at on user_sessions
    for each row when (
        old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at)
    execute function app.keep_session_revoked();
create trigger user_sessions_updated_at before update on user_sessions
    for each row execute function app.set_updated_at();
