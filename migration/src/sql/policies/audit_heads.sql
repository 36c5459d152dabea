-- Only `app.record_audit_event` reads and moves the end of the chain.
grant select, update (seq, hash) on audit_heads to ignacio_definer;
create policy audit_heads_definer_select on audit_heads
    for select to ignacio_definer using (true);
create policy audit_heads_definer_update on audit_heads
    for update to ignacio_definer using (true) with check (true);
