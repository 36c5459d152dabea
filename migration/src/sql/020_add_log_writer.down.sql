drop function app.log_replies(
    uuid, boolean, uuid[], bigint[], text[], bigint[], double precision[], integer[], bigint[], bigint[],
    text[], text[]
);
