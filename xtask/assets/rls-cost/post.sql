\set person random(1, 1000)
begin;
select * from app.enter(bench_digest(:person));
insert into messages (conversation_id, user_id, content, is_from_user)
values (bench_id(:person * 10 + 5), bench_id(:person), 'hola', true);
commit;
