select count(*) from app.list_messages(bench_digest(1), null, bench_id(10),
    now() - interval '5000 seconds', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 51);
