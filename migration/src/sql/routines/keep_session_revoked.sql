-- Rejects a change of a session that was revoked: it stays revoked.
create or replace function app.keep_session_revoked() returns trigger
    language plpgsql set search_path = '' as $$
begin
    raise exception using
        errcode = 'check_violation', constraint = 'user_sessions_stay_revoked',
        message = 'a session that has ended stays so';
end $$;
revoke all on function app.keep_session_revoked() from public;
