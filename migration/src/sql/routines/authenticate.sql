-- Authenticates this transaction with the digest of a session token, and moves the idle limit: 7
-- days, 30 minutes for admins, at most every five minutes. Raises IGSES if no live session has this
-- token, and IGREU if the token was replaced long ago: its session has to be revoked, which this
-- transaction, about to fail, cannot do (`app.revoke_reused_session`).
set local role ignacio_definer;
create or replace function app.authenticate(
    p_digest bytea, out user_id uuid, out session_id uuid, out is_admin boolean
)
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_last_used timestamptz;
begin
    select s.user_id, s.id, u.is_admin, s.last_used_at
      into user_id, session_id, is_admin, v_last_used
      from public.user_sessions s
      join public.users u on u.id = s.user_id
     where s.token_hash = p_digest
       and s.revoked_at is null
       and s.expires_at > pg_catalog.now()
       and s.idle_expires_at > pg_catalog.now()
       and u.is_active;
    if not found then
        select s.user_id, s.id, u.is_admin, s.last_used_at
          into user_id, session_id, is_admin, v_last_used
          from public.retired_tokens t
          join public.user_sessions s on s.id = t.session_id
          join public.users u on u.id = s.user_id
         where t.token_hash = p_digest
           and t.created_at > pg_catalog.now() - interval '60 seconds'
           and s.revoked_at is null
           and s.expires_at > pg_catalog.now()
           and s.idle_expires_at > pg_catalog.now()
           and u.is_active;
        if not found then
            perform 1 from public.retired_tokens t
                      join public.user_sessions s on s.id = t.session_id
              where t.token_hash = p_digest and s.revoked_at is null;
            raise exception using
                errcode = case when found then 'IGREU' else 'IGSES' end,
                message = 'no live session';
        end if;
    end if;
    perform pg_catalog.set_config('app.session', pg_catalog.encode(p_digest, 'hex'), true);
    if v_last_used < pg_catalog.now() - interval '5 minutes' then
        update public.user_sessions s
           set last_used_at = pg_catalog.now(),
               idle_expires_at = pg_catalog.now()
                   + case when is_admin then interval '30 minutes' else interval '7 days' end
         where s.id = session_id
           -- Of simultaneous requests, one writes.
           and s.last_used_at < pg_catalog.now() - interval '5 minutes';
    end if;
end $$;
revoke all on function app.authenticate(bytea) from public;
grant execute on function app.authenticate(bytea) to ignacio_api, ignacio_admin;
