-- Revokes the session of a token that was replaced more than a minute ago.
set local role ignacio_definer;
create or replace function app.revoke_reused_session(p_digest bytea) returns void
    language plpgsql volatile security definer set search_path = '' as $$
begin
    -- The audit names the holder of this token as the actor.
    perform pg_catalog.set_config('app.session', pg_catalog.encode(p_digest, 'hex'), true);
    update public.user_sessions s
       set revoked_at = pg_catalog.now(), reused_at = pg_catalog.now()
      from public.retired_tokens t
     where t.token_hash = p_digest
       and t.created_at <= pg_catalog.now() - interval '60 seconds'
       and s.id = t.session_id and s.revoked_at is null;
end $$;
revoke all on function app.revoke_reused_session(bytea) from public;
grant execute on function app.revoke_reused_session(bytea) to ignacio_api, ignacio_admin;
