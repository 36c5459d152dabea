-- The read that this transaction has audited, while its access grant lives: the user and the
-- conversation, or null for the list of conversations. It cannot be forged: the event must be of
-- this transaction, and the grant of an earlier one, so that the grant stays on record if this one
-- fails.
set local role ignacio_definer;
create or replace function app.authorized_read(out user_id uuid, out conversation_id uuid)
    language plpgsql stable security definer set search_path = '' as $$
begin
    select e.subject_id, e.target_id into user_id, conversation_id
      from public.audit_events e
     where e.id = nullif(pg_catalog.current_setting('app.authorized_read', true), '')::uuid
       and e.xmin = pg_catalog.pg_current_xact_id()::xid
       and e.action in ('conversations.listed', 'messages.listed')
       and e.actor_id = app.current_user_id()
       and app.is_admin()
       and exists (
           select 1 from public.access_grants g
            where g.admin_id = e.actor_id and g.user_id = e.subject_id
              and g.expires_at > pg_catalog.now() and g.created_at < pg_catalog.now());
end $$;
revoke all on function app.authorized_read() from public;
