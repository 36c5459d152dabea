\set person random(1, 1000)
select * from app.whoami(bench_digest(:person));
