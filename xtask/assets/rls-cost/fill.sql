-- Users with ten conversations of 100 messages each: with 1,000 users, 1,000,000 messages. One
-- conversation of the first user has ten more messages for each user. The last user is the admin.
-- Ids are numbers, so that every query can compute the id of the row that it needs.
create function public.bench_id(n bigint) returns uuid language sql immutable parallel safe as
    $$ select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
create function public.bench_digest(n bigint) returns bytea language sql immutable parallel safe as
    $$ select sha256(n::text::bytea) $$;
grant execute on function public.bench_id(bigint), public.bench_digest(bigint)
    to ignacio_api, ignacio_worker, ignacio_admin;

set session_replication_role = replica;
insert into users (id, phone_number, name, is_admin)
    select bench_id(n), '+57' || 3000000000 + n, 'Persona ' || n, n = :users
      from generate_series(1, :users) n;
insert into conversations (id, user_id, created_at, message_count, last_message_at)
    select bench_id(u * 10 + c), bench_id(u), now() - c * interval '1 day', 100,
           now() - c * interval '1 hour'
      from generate_series(1, :users) u, generate_series(0, 9) c;
insert into messages (conversation_id, user_id, content, is_from_user, created_at)
    select bench_id(u * 10 + c), bench_id(u), repeat('texto ', 20), n % 2 = 0,
           now() - n * interval '1 second'
      from generate_series(1, :users) u, generate_series(0, 9) c, generate_series(1, 100) n;
insert into messages (conversation_id, user_id, content, is_from_user, created_at)
    select bench_id(10), bench_id(1), repeat('texto ', 20), n % 2 = 0,
           now() - n * interval '1 second'
      from generate_series(101, 100 + 10 * :users) n;
insert into responses (user_id, conversation_id, message_id, state)
    select user_id, conversation_id, id, 'completed' from messages where not is_from_user;
insert into citations (message_id, user_id, file_name, position)
    select message_id, user_id, 'plan.pdf', 0 from responses;
insert into user_files (id, user_id, file_name, file_path, file_type, uploaded_at,
        openai_sync_status, content_sha256)
    select bench_id(u * 10 + f), bench_id(u), 'plan.pdf', 'k', 'application/pdf', now(), 'synced',
           '\x00'
      from generate_series(1, :users) u, generate_series(0, 9) f;
insert into user_sessions (user_id, token_hash, expires_at, idle_expires_at)
    select bench_id(n), bench_digest(n), now() + interval '1 day', now() + interval '1 day'
      from generate_series(1, :users) n;
insert into audit_events (seq, actor_id, actor_name, actor_role, action, subject_id, prev_hash,
        hash, created_at)
    select n, bench_id(:users), 'Persona', 'admin', 'user.read', bench_id(1 + n % :users), '\x00', '\x00',
           now() - n * interval '1 second'
      from generate_series(1, 100 * :users) n;
insert into access_grants (admin_id, user_id, reason)
    values (bench_id(:users), bench_id(1), 'medir lo que cuesta');
update audit_heads set seq = 100 * :users;
update responses set state = 'running', lease_owner = bench_id(1), lease_epoch = 1,
       lease_until = now() + interval '1 day'
 where id = (select id from responses where user_id = bench_id(1) limit 1);
set session_replication_role = origin;
vacuum analyze;
