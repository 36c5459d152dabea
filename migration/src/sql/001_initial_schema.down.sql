drop table otp_codes, user_sessions, messages, conversations, users;
drop schema app cascade;
