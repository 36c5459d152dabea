\set user random(1, :users)
select * from app.authenticated_user(bench_digest(:user));
