select count(*) from app.list_messages(bench_digest(1), null, bench_id(10), false,
    now() - 5 * :users * interval '1 second', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 51);
