-- The user whose live session this transaction authenticated with. It looks the session up by its
-- digest, so no statement can choose a user. A replaced token stays valid for a minute. It is
-- written in plpgsql, which keeps its plan: in SQL it is planned again for each statement, which
-- made a page of messages five times as slow.
set local role ignacio_definer;
create or replace function app.current_user_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
declare
    v_digest bytea := pg_catalog.decode(
        nullif(pg_catalog.current_setting('app.session', true), ''), 'hex');
    v_user   uuid;
begin
    select s.user_id into v_user
      from public.user_sessions s
      join public.users u on u.id = s.user_id
     where s.token_hash = v_digest
       and s.revoked_at is null
       and s.expires_at > pg_catalog.now()
       and s.idle_expires_at > pg_catalog.now()
       and u.is_active;
    if not found and v_digest is not null then
        select s.user_id into v_user
          from public.retired_tokens t
          join public.user_sessions s on s.id = t.session_id
          join public.users u on u.id = s.user_id
         where t.token_hash = v_digest
           and t.created_at > pg_catalog.now() - interval '60 seconds'
           and s.revoked_at is null
           and s.expires_at > pg_catalog.now()
           and s.idle_expires_at > pg_catalog.now()
           and u.is_active;
    end if;
    return v_user;
end $$;
revoke all on function app.current_user_id() from public;
grant execute on function app.current_user_id() to ignacio_api, ignacio_admin;
