-- As before, and IGREU for a token that was replaced long ago: its session has to be ended, which
-- this transaction, about to fail, cannot do (`app.end_reused`).
set local role ignacio_definer;
create or replace function app.enter(
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
                errcode = case when found then 'IGREU' else 'IG401' end,
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
           -- Of requests that come at the same moment, one writes.
           and s.last_used_at < pg_catalog.now() - interval '5 minutes';
    end if;
end $$;
revoke all on function app.enter(bytea) from public;
grant execute on function app.enter(bytea) to ignacio_api, ignacio_admin;
