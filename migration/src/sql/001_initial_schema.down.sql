-- Policies go with their tables; the functions that read the tables go first.
drop policy if exists users_api_select on users;
drop policy if exists users_api_update on users;
drop table otp_codes, user_sessions, messages, conversations, users;
drop schema app cascade;
