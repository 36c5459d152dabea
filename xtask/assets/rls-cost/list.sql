\set person random(1, 1000)
select count(*) from app.list_conversations(bench_digest(:person), null, false,
    'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 51);
