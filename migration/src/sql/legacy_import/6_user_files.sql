-- Files of users who exist. Their bytes stay where they are. What the old system sent to OpenAI is
-- not trusted, because several users may be able to search it: each document is sent there again,
-- into its owner's own store.
insert into public.user_files
    (id, user_id, file_name, file_path, file_type, file_size, openai_sync_status, uploaded_at,
     created_at, updated_at)
select f.id, p.keeper,
       case when f.file_name ~ '\S' then left(f.file_name, 255) else 'Sin nombre' end,
       f.file_path, t.name, greatest(coalesce(f.file_size, 0), 0),
       case when t.name ~ '^(image|audio|video)/' then null else 'pending' end,
       coalesce(f.created_at, f.updated_at, now()),
       coalesce(f.created_at, f.updated_at, now()), coalesce(f.updated_at, f.created_at, now())
  from legacy.import_user_files f
  join legacy.import_user_map p on p.id = f.user_id
  cross join lateral (
      select case when f.file_type ~ '\S' and length(f.file_type) <= 127
                  then lower(btrim(f.file_type)) else 'application/octet-stream' end as name) t
 where f.file_path ~ '\S' and length(f.file_path) <= 500;

insert into legacy.import_report (table_name, what, row_id, original)
select 'user_files', notice.what, f.id, notice.original
  from legacy.import_user_files f
  left join legacy.import_user_map p on p.id = f.user_id
  left join public.user_files n on n.id = f.id
  cross join lateral (values
      (p.id is null, 'belong to no user and stay in legacy.user_files', f.user_id::text),
      (p.id is not null and n.id is null,
       'have no path to their content and stay in legacy.user_files', f.file_path),
      (n.id is not null and coalesce(f.file_name !~ '\S', true),
       'have no name: now Sin nombre', f.file_name),
      (n.id is not null and length(f.file_name) > 255,
       'have a name that was cut to 255 characters', f.file_name),
      (n.id is not null and (coalesce(f.file_type !~ '\S', true) or length(f.file_type) > 127),
       'have no usable type: now application/octet-stream', f.file_type),
      (n.file_type <> f.file_type and length(f.file_type) <= 127 and f.file_type ~ '\S',
       'had a type with capitals or blanks: now lower case and trimmed', f.file_type),
      (n.id is not null and coalesce(f.file_size < 0, true),
       'have no size: now 0 bytes', f.file_size::text),
      (f.openai_file_id is not null,
       'have a copy at OpenAI, which is no longer used: delete it', f.openai_file_id),
      (f.openai_vector_store_id is not null,
       'are in a vector store at OpenAI, which is no longer used: delete it',
       f.openai_vector_store_id)
  ) notice (is_so, what, original)
 where notice.is_so
 order by f.created_at nulls last, f.id;
insert into legacy.import_report (table_name, what, row_id, original)
select 'user_files', 'share their object with another file: deleting one takes it from the other',
       n.id, n.file_path
  from public.user_files n
  join (select file_path from public.user_files group by file_path having count(*) > 1) shared
    on shared.file_path = n.file_path;

insert into legacy.import_counts (table_name, found, kept, left_over)
select 'user_files', count(*), count(n.id), count(*) - count(n.id)
  from legacy.import_user_files f
  left join public.user_files n on n.id = f.id
having to_regclass('legacy.user_files') is not null;
