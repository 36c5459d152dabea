drop function app.try_code(uuid, uuid, integer, integer, integer[], integer[], integer);
drop function app.ask_code(
    uuid, uuid, text, uuid, uuid, bytea, uuid[], integer[], integer[], integer, integer, integer);
drop function app.take_turn(uuid[], uuid[], integer[], integer[]);
drop function app.wait_for_turn(uuid[], integer[], integer[]);
alter table user_sessions drop column device_id, drop column verified_at;
alter table otp_codes
    drop column guard_id, drop column device_id, drop column session_id, drop column redeemed_at;
drop table rate_buckets, login_failures, known_devices, login_watch;
