-- The user who acts: the owner of the session that this transaction authenticated with, even if
-- this transaction has just revoked it. A statement can change the setting before its triggers run,
-- so the request role must act for some user, and the admin role for an admin.
set local role ignacio_definer;
create or replace function app.audit_actor() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
declare
    v_digest bytea := pg_catalog.decode(
        nullif(pg_catalog.current_setting('app.session', true), ''), 'hex');
    v_actor  uuid;
    v_is_admin boolean;
begin
    select s.user_id, u.is_admin and u.is_active into v_actor, v_is_admin
      from public.user_sessions s
      join public.users u on u.id = s.user_id
     where s.id = coalesce(
         (select c.id from public.user_sessions c where c.token_hash = v_digest),
         (select t.session_id from public.retired_tokens t where t.token_hash = v_digest));
    if session_user = 'ignacio_admin' and v_is_admin is distinct from true
        or session_user = 'ignacio_api' and v_actor is null then
        raise exception using errcode = 'IGADM', message = 'an action without an actor';
    end if;
    return v_actor;
end $$;
revoke all on function app.audit_actor() from public;
