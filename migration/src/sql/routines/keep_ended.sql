-- A session that has ended stays so.
create or replace function app.keep_ended() returns trigger
    language plpgsql set search_path = '' as $$
begin
    raise exception using
        errcode = 'check_violation', constraint = 'user_sessions_stay_ended',
        message = 'a session that has ended stays so';
end $$;
revoke all on function app.keep_ended() from public;
