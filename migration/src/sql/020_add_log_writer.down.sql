drop function app.log_replies(
    uuid, uuid[], bigint[], text[], bigint[], integer[], bigint[], bigint[], text[], text[]
);
