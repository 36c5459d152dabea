\set user random(1, :users)
select count(*) from app.list_messages(bench_digest(:user), null, bench_id(:user * 10 + 3), false,
    'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 51);
