-- The rows that the matrix is tried on. Ids are hashes of words, so that every statement can name them; each
-- table has rows of Ana and the same rows of Ben.
insert into users (id, phone_number, name, is_admin, is_active) values
    (md5('ana')::uuid, 'ana', 'Ana', false, true),
    (md5('ben')::uuid, 'ben', 'Ben', false, true),
    (md5('carla')::uuid, 'carla', 'Carla, deactivated', false, false),
    (md5('ada')::uuid, 'ada', 'Ada, an admin', true, true),
    (md5('eva')::uuid, 'eva', 'Eva, an admin', true, true);
insert into user_sessions (id, user_id, token_hash, expires_at, idle_expires_at)
select md5(me || ' session')::uuid, md5(me)::uuid, sha256(me::bytea), now() + interval '1 day',
       now() + interval '1 day'
  from unnest(array['ana', 'ben', 'carla', 'ada']) me;

do $$
declare
    me text;
begin
    foreach me in array array['ana', 'ben'] loop
        insert into user_sessions (id, user_id, token_hash, expires_at, idle_expires_at)
        values (md5(me || ' old session')::uuid, md5(me)::uuid, sha256((me || ' old')::bytea),
                now() - interval '30 days', now() - interval '30 days');
        insert into otp_codes (id, user_id, phone_number, expires_at) values
            (md5(me || ' code')::uuid, md5(me)::uuid, me, now() + interval '5 minutes'),
            (md5(me || ' old code')::uuid, md5(me)::uuid, me, now() - interval '2 days');
        insert into outbox (id, otp_id)
        values (md5(me || ' letter')::uuid, md5(me || ' code')::uuid);
        insert into outbox (id, kind, user_id, phone_number, created_at)
        values (md5(me || ' notice')::uuid, 'new_device', md5(me)::uuid, me,
                now() - interval '60 days');
        insert into rate_buckets (id, updated_at) values
            (md5(me || ' bucket')::uuid, now()),
            (md5(me || ' old bucket')::uuid, now() - interval '2 days');
        insert into login_failures (id, updated_at) values
            (md5(me || ' failures')::uuid, now()),
            (md5(me || ' old failures')::uuid, now() - interval '500 days');
        insert into known_devices (id, user_id, token_hash, expires_at) values
            (md5(me || ' device')::uuid, md5(me)::uuid, sha256((me || ' device')::bytea),
                now() + interval '1 day'),
            (md5(me || ' old device')::uuid, md5(me)::uuid, sha256((me || ' old device')::bytea),
                now() - interval '1 day');
        insert into retired_tokens (id, session_id, token_hash)
        values (md5(me || ' token')::uuid, md5(me || ' session')::uuid,
                sha256((me || ' retired')::bytea));
        insert into webhook_inbox (id, digest, body, processed_at, created_at) values
            (md5(me || ' report')::uuid, sha256((me || ' report')::bytea), me::bytea, null, now()),
            (md5(me || ' old report')::uuid, sha256((me || ' old report')::bytea), null, now(),
                now() - interval '60 days');
        insert into conversations (id, user_id) values
            (md5(me || ' conversation')::uuid, md5(me)::uuid),
            (md5(me || ' new conversation')::uuid, md5(me)::uuid);
        insert into messages (id, user_id, conversation_id, content, is_from_user) values
            (md5(me || ' question')::uuid, md5(me)::uuid, md5(me || ' conversation')::uuid, 'q', true),
            (md5(me || ' answer')::uuid, md5(me)::uuid, md5(me || ' conversation')::uuid, 'a', false),
            (md5(me || ' new answer')::uuid, md5(me)::uuid, md5(me || ' new conversation')::uuid, '',
                false);
        insert into user_files (id, user_id, file_name, file_path, file_type, uploaded_at,
            deleted_at, purged_at, openai_sync_status)
        select md5(me || it.word)::uuid, md5(me)::uuid, me || it.word, 'users/' || me || it.word,
               'text/plain', now(), it.gone, it.gone, it.status
          from (values (' file', null::timestamptz, 'pending'), (' other file', null, null),
                       (' gone file', now(), 'failed')) it (word, gone, status);
        insert into user_vector_stores (user_id, openai_vector_store_id)
        values (md5(me)::uuid, 'store of ' || me);
        insert into responses (id, user_id, conversation_id, message_id, state, lease_owner,
            lease_epoch, lease_until)
        values (md5(me || ' response')::uuid, md5(me)::uuid, md5(me || ' conversation')::uuid,
                md5(me || ' answer')::uuid, 'running', md5(me || ' worker')::uuid, 1,
                now() + interval '1 hour');
        insert into response_events (response_id, user_id, seq, first_seq, kind, payload)
        values (md5(me || ' response')::uuid, md5(me)::uuid, 1, 1, 'completed', '{}');
        insert into message_files (message_id, user_id, file_id)
        values (md5(me || ' question')::uuid, md5(me)::uuid, md5(me || ' file')::uuid);
        insert into citations (id, message_id, user_id, file_id, file_name, position)
        values (md5(me || ' citation')::uuid, md5(me || ' answer')::uuid, md5(me)::uuid,
                md5(me || ' file')::uuid, 'f', 0);
        insert into message_feedback (message_id, user_id, rating)
        values (md5(me || ' answer')::uuid, md5(me)::uuid, 'up');
        insert into follow_up_jobs (id, user_id, conversation_id, kind)
        values (md5(me || ' follow-up')::uuid, md5(me)::uuid, md5(me || ' conversation')::uuid, 'title');
        insert into conversation_summaries
            (conversation_id, user_id, content, until_at, until_id, n_messages, model)
        values (md5(me || ' conversation')::uuid, md5(me)::uuid, 's', now(),
                md5(me || ' question')::uuid, 1, 'm');
        insert into usage_records (id, user_id, kind, model, state)
        values (md5(me || ' record')::uuid, md5(me)::uuid, 'reply', 'm', 'reserved');
        insert into idempotency_keys (id, user_id, key_hash, request_hash, created_at) values
            (md5(me || ' idempotency key')::uuid, md5(me)::uuid, 'k', convert_to('of ' || me, 'UTF8'), now()),
            (md5(me || ' old idempotency key')::uuid, md5(me)::uuid, 'o', convert_to('of ' || me, 'UTF8'),
                now() - interval '2 days');
        insert into erasures
            (id, erased_user_id, admin_id, n_conversations, n_messages, n_files)
        values (md5(me || ' erasure')::uuid, md5(me)::uuid, md5('ada')::uuid, 1, 1, 1);
        insert into purge_queue (id, kind, target, erasure_id) values
            (md5(me || ' purge')::uuid, 'object', me, null),
            (md5(me || ' erased')::uuid, 'object', me, md5(me || ' erasure')::uuid);
    end loop;
end $$;
-- Counted with Ana's, so that there is one that an admin may see.
insert into idempotency_keys (id, user_id, key_hash, request_hash)
values (md5('ada idempotency key')::uuid, md5('ada')::uuid, 'k', 'of ana');
-- Ada may read Ana's conversations now, and could read Ben's until an hour ago.
insert into access_grants (id, admin_id, user_id, reason, expires_at) values
    (md5('ana grant')::uuid, md5('ada')::uuid, md5('ana')::uuid, 'she asked for help',
        now() + interval '1 hour'),
    (md5('ben grant')::uuid, md5('ada')::uuid, md5('ben')::uuid, 'he asked for help',
        now() - interval '1 hour');
-- Events that the triggers have recorded so far do not belong to the matrix.
delete from audit_events;
insert into audit_events (id, seq, actor_id, actor_name, actor_role, action, subject_id, prev_hash,
    hash, created_at)
values (md5('ana event')::uuid, 1, md5('ada')::uuid, 'Ada', 'admin', 'user.read', md5('ana')::uuid,
        '', '', now()),
       (md5('ben event')::uuid, 2, md5('ada')::uuid, 'Ada', 'admin', 'user.read', md5('ben')::uuid,
        '', '', now());
-- Two migrations and two scripts represent all, so that a new one changes nothing here.
delete from seaql_migrations where version > '003';
delete from repeatable_scripts;
insert into repeatable_scripts (id, name, digest)
values (md5('ana script')::uuid, 'policies/users', ''), (md5('ben script')::uuid, 'views/none', '');
