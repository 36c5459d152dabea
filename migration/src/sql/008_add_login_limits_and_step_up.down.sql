drop table retired_tokens;
alter table user_sessions
    drop column reused_at,
    drop column renewed_at,
    drop column verified_at,
    drop column device_id;
drop index otp_codes_created_idx;
alter table otp_codes
    drop column redeemed_at,
    drop column session_id,
    drop column device_id,
    drop column budget_id;
drop table login_monitor, known_devices, login_failures, rate_buckets;
