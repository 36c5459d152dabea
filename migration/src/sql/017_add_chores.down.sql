drop policy conversations_worker_update on conversations;
drop policy conversations_worker_select on conversations;
revoke all (id, user_id, title) on conversations from ignacio_worker;
grant create on schema app to ignacio_definer;
set local role ignacio_definer;
create or replace function app.leased_user_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
begin
    return (
        select r.user_id
          from public.responses r
         where r.id = nullif(pg_catalog.current_setting('app.lease_response', true), '')::uuid
           and r.lease_owner = nullif(pg_catalog.current_setting('app.lease_owner', true), '')::uuid
           and r.lease_epoch = nullif(pg_catalog.current_setting('app.lease_epoch', true), '')::bigint
           and r.lease_until > pg_catalog.now());
end $$;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;
drop table conversation_summaries;
drop table chores;
alter table users drop column web_search;
revoke insert (model) on responses from ignacio_api;
alter table responses drop column tools, drop column first_text_at;
