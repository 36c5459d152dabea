create trigger access_grants_audit after insert on access_grants
    for each row execute function app.audit_grant();
