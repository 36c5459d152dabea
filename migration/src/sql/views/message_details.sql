-- A message with its attachments, citations, feedback and response. It has the reader's rights, so the
-- policies restrict each of its parts.
create or replace view app.message_details with (security_invoker = true) as
select m.id, m.user_id, m.conversation_id, m.content, m.is_from_user, m.status, m.created_at,
       case when not m.is_from_user then
           (select r.id from public.responses r where r.message_id = m.id)
       end as response_id,
       case when m.is_from_user then
           (select jsonb_agg(
                       jsonb_build_object(
                           'id', f.id, 'name', f.file_name, 'media_type', f.file_type)
                       order by f.id)
              from public.message_files mf
              join public.user_files f on f.user_id = mf.user_id and f.id = mf.file_id
             where mf.message_id = m.id and f.deleted_at is null)
       end as attachments,
       case when not m.is_from_user then
           (select jsonb_agg(
                       jsonb_build_object(
                           'file_id', c.file_id, 'file_name', c.file_name, 'quote', c.quote,
                           'position', c.position, 'verified', c.verified)
                       order by c.position, c.id)
              from public.citations c
             where c.message_id = m.id)
       end as citations,
       m.version, m.replaces, m.replaced_at,
       case when not m.is_from_user then
           (select jsonb_build_object('rating', f.rating, 'reason', f.reason)
              from public.message_feedback f
             where f.message_id = m.id)
       end as feedback
  from public.messages m;
grant select on app.message_details to ignacio_api;
grant select on app.message_details to ignacio_worker;
grant select on app.message_details to ignacio_admin;
