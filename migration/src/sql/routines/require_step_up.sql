-- Raises IGSUP unless the session of this transaction has verified a code in the last ten minutes.
set local role ignacio_definer;
create or replace function app.require_step_up() returns void
    language plpgsql stable security definer set search_path = '' as $$
begin
    perform 1
      from public.user_sessions s
     where s.user_id = app.current_user_id()
       and s.verified_at > pg_catalog.now() - interval '10 minutes'
       and s.id = coalesce(
           (select c.id from public.user_sessions c
             where c.token_hash = pg_catalog.decode(
                       nullif(pg_catalog.current_setting('app.session', true), ''), 'hex')),
           (select t.session_id from public.retired_tokens t
             where t.token_hash = pg_catalog.decode(
                       nullif(pg_catalog.current_setting('app.session', true), ''), 'hex')));
    if not found then
        raise exception using errcode = 'IGSUP', message = 'a fresh code is needed';
    end if;
end $$;
revoke all on function app.require_step_up() from public;
grant execute on function app.require_step_up() to ignacio_admin;
