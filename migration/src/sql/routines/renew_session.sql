-- Replaces a session's token and returns the digest of the token that is valid from now on. That is
-- not `p_next` if the token is less than a minute old: then it stays, so that a client that asks
-- several times, or from several tabs, gets the same token each time.
set local role ignacio_definer;
create or replace function app.renew_session(p_digest bytea, p_next bytea, out token_hash bytea)
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_session uuid;
    v_renewed timestamptz;
begin
    select e.session_id into v_session from app.authenticate(p_digest) e;
    select s.token_hash, s.renewed_at into token_hash, v_renewed
      from public.user_sessions s where s.id = v_session for update;
    if token_hash = p_digest
        and coalesce(v_renewed < pg_catalog.clock_timestamp() - interval '60 seconds', true)
    then
        insert into public.retired_tokens (session_id, token_hash) values (v_session, p_digest);
        update public.user_sessions s
           set token_hash = p_next, renewed_at = pg_catalog.clock_timestamp()
         where s.id = v_session;
        token_hash := p_next;
    end if;
end $$;
revoke all on function app.renew_session(bytea, bytea) from public;
grant execute on function app.renew_session(bytea, bytea) to ignacio_api;
