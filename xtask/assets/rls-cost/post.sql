\set user random(1, :users)
begin;
select * from app.authenticate(bench_digest(:user));
insert into messages (conversation_id, user_id, content, is_from_user)
values (bench_id(:user * 10 + 5), bench_id(:user), 'hola', true);
commit;
