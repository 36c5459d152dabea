-- Ends the session of a token that was replaced more than a minute ago.
set local role ignacio_definer;
create or replace function app.end_reused(p_digest bytea) returns void
    language plpgsql volatile security definer set search_path = '' as $$
begin
    -- The audit asks who acted: whoever holds this token.
    perform pg_catalog.set_config('app.session', pg_catalog.encode(p_digest, 'hex'), true);
    update public.user_sessions s
       set revoked_at = pg_catalog.now(), reused_at = pg_catalog.now()
      from public.retired_tokens t
     where t.token_hash = p_digest
       and t.created_at <= pg_catalog.now() - interval '60 seconds'
       and s.id = t.session_id and s.revoked_at is null;
end $$;
revoke all on function app.end_reused(bytea) from public;
grant execute on function app.end_reused(bytea) to ignacio_api, ignacio_admin;
