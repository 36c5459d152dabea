-- Moves the old tables out of the way. Runs as the role that connected, which may change them; the
-- next scripts run as ignacio_owner, which owns the tables from here on.
do $$
declare
    v_table text;
begin
    foreach v_table in array array[
        'users', 'conversations', 'messages', 'user_files', 'user_sessions', 'otp_codes'] loop
        continue when to_regclass('public.' || v_table) is null;
        execute format('alter table public.%I set schema legacy', v_table);
        execute format('alter table legacy.%I owner to ignacio_owner', v_table);
    end loop;
end $$;
