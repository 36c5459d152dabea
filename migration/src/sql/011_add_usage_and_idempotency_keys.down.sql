drop table idempotency_keys, usage_records;
