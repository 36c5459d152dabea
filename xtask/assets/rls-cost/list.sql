\set user random(1, :users)
select count(*) from app.list_conversations(bench_digest(:user), null, false, null, null,
    'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 51);
