-- Adds one event to the audit log. It locks the end of the chain until the transaction ends. A
-- transaction locks the rows that it changes first, in the statement whose trigger calls this: so
-- no transaction waits for a row while it holds the chain.
set local role ignacio_definer;
create or replace function app.record_audit_event(
    p_action text, p_actor uuid, p_subject uuid, p_target uuid, p_reason text, p_detail jsonb
) returns uuid
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_id    uuid := pg_catalog.gen_random_uuid();
    v_at    timestamptz;
    v_seq   bigint;
    v_prev  bytea;
    v_name  text;
    v_role  text;
    v_hash  bytea;
begin
    select u.name, case when u.is_admin then 'admin' else 'participant' end
      into v_name, v_role
      from public.users u where u.id = p_actor;
    if not found then
        v_role := case when p_actor is null then 'system' else 'participant' end;
    end if;
    select h.seq + 1, h.hash into strict v_seq, v_prev from public.audit_heads h for update;
    v_at := pg_catalog.clock_timestamp();
    -- `ignacio audit verify` computes the same by itself (owner_db/audit.rs in ignacio-
    -- persistence).
    v_hash := pg_catalog.sha256(v_prev || pg_catalog.convert_to(
        pg_catalog.jsonb_build_array(
            v_seq, v_id, (extract(epoch from v_at) * 1000000)::bigint, p_actor, v_name, v_role,
            p_action, p_subject, p_target, p_reason, p_detail)::text,
        'UTF8'));
    insert into public.audit_events
        (id, seq, actor_id, actor_name, actor_role, action, subject_id, target_id, reason, detail,
         prev_hash, hash, created_at)
    values (v_id, v_seq, p_actor, v_name, v_role, p_action, p_subject, p_target, p_reason, p_detail,
         v_prev, v_hash, v_at);
    update public.audit_heads set seq = v_seq, hash = v_hash;
    return v_id;
end $$;
revoke all on function app.record_audit_event(text, uuid, uuid, uuid, text, jsonb) from public;
