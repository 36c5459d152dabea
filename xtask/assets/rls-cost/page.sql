\set person random(1, 1000)
select count(*) from app.list_messages(bench_digest(:person), null, bench_id(:person * 10 + 3),
    'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 51);
