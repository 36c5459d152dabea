\set user random(1, :users)
select * from app.whoami(bench_digest(:user));
