drop table access_grants, audit_heads, audit_events;
