-- Reduces the old tables to ones that only ignacio_owner reads and that no trigger reacts to, and
-- finds out what depends on them. Names that begin with import_ are ours.
create table legacy.import_counts (
    table_name text primary key,
    found      bigint not null,
    kept       bigint not null default 0,
    merged     bigint not null default 0,
    left_over  bigint not null default 0,
    destroyed  bigint not null default 0,
    created_at timestamptz not null default now()
);
create table legacy.import_report (
    id         bigint generated always as identity primary key,
    table_name text not null,
    what       text not null,
    row_id     uuid,
    -- The value as it was, where it was changed.
    original   text,
    created_at timestamptz not null default now()
);
-- Tables that stay as they are, because something needs them.
create table legacy.import_pinned_tables (table_name text primary key);
-- Types that perhaps only the old tables used.
create table legacy.import_types (type_oid oid primary key);

insert into legacy.import_types
select distinct t.oid
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_type t on t.oid = a.atttypid
 where c.relnamespace = 'legacy'::regnamespace
   and c.relname in
       ('users', 'conversations', 'messages', 'user_files', 'user_sessions', 'otp_codes')
   and t.typtype = 'e' and t.typnamespace = 'public'::regnamespace
union
select oid from pg_type
 where typname = 'message_type' and typtype = 'e' and typnamespace = 'public'::regnamespace;

do $$
declare
    v_table    text;
    v_name     text;
    v_function text;
    v_grantee  oid;
begin
    foreach v_table in array array[
        'users', 'conversations', 'messages', 'user_files', 'user_sessions', 'otp_codes'] loop
        continue when to_regclass('legacy.' || v_table) is null;
        for v_name, v_function in
            select tgname, tgfoid::regproc::text from pg_trigger
             where tgrelid = ('legacy.' || v_table)::regclass and not tgisinternal loop
            execute format('drop trigger %I on legacy.%I', v_name, v_table);
            if v_function not like '%update_updated_at_column' then
                insert into legacy.import_report (table_name, what, original)
                values (v_table,
                    format('the trigger %s, which called %s, was dropped', v_name, v_function), v_name);
            end if;
        end loop;
        -- Between the old tables a cascade would delete rows that could not be imported.
        for v_name in
            select conname from pg_constraint
             where conrelid = ('legacy.' || v_table)::regclass and contype = 'f' loop
            execute format('alter table legacy.%I drop constraint %I', v_table, v_name);
        end loop;
        for v_name in
            select polname from pg_policy where polrelid = ('legacy.' || v_table)::regclass loop
            execute format('drop policy %I on legacy.%I', v_name, v_table);
        end loop;
        execute format('alter table legacy.%I disable row level security', v_table);
        execute format('alter table legacy.%I no force row level security', v_table);
        for v_grantee in
            select distinct acl.grantee
              from pg_class c, aclexplode(c.relacl) acl
             where c.oid = ('legacy.' || v_table)::regclass and acl.grantee <> c.relowner
            union
            select distinct acl.grantee
              from pg_class c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) acl
             where c.oid = ('legacy.' || v_table)::regclass and acl.grantee <> c.relowner loop
            execute format('revoke all on legacy.%I from %s cascade', v_table,
                case when v_grantee = 0 then 'public'
                     else quote_ident(pg_get_userbyid(v_grantee)) end);
        end loop;
    end loop;
end $$;

-- Postgres itself lists what depends on a table when the table is dropped, so each is dropped and the
-- drop undone.
do $$
declare
    v_table  text;
    v_detail text;
    v_line   text;
begin
    foreach v_table in array array[
        'users', 'conversations', 'messages', 'user_files', 'user_sessions', 'otp_codes'] loop
        continue when to_regclass('legacy.' || v_table) is null;
        begin
            execute format('drop table legacy.%I', v_table);
            raise exception using errcode = 'IG000';
        exception
            when sqlstate 'IG000' then
                null;
            when dependent_objects_still_exist then
                get stacked diagnostics v_detail = pg_exception_detail;
                insert into legacy.import_pinned_tables values (v_table);
                foreach v_line in array string_to_array(v_detail, E'\n') loop
                    insert into legacy.import_report (table_name, what)
                    values (v_table, v_line || ', which therefore stays');
                end loop;
        end;
    end loop;
end $$;

-- A view reads with the rights of its owner, so closing a table does not close each view on it.
insert into legacy.import_report (table_name, what)
select distinct c.relname,
       case when v.relkind = 'm'
            then format('the materialized view %s keeps its copy of the rows', v.oid::regclass)
            else format('the view %s belongs to %s and still reads it: roles that may read the view see what stays here',
                     v.oid::regclass, o.rolname) end
  from pg_class c
  join pg_depend d on d.refobjid = c.oid and d.refclassid = 'pg_class'::regclass
                  and d.classid = 'pg_rewrite'::regclass
  join pg_rewrite r on r.oid = d.objid
  join pg_class v on v.oid = r.ev_class
  join pg_roles o on o.oid = v.relowner
 where c.relnamespace = 'legacy'::regnamespace
   and c.relname in
       ('users', 'conversations', 'messages', 'user_files', 'user_sessions', 'otp_codes')
   and (v.relkind = 'm'
        or v.relkind = 'v'
           and (o.rolsuper
                or o.rolbypassrls and pg_has_role(o.oid, 'ignacio_owner', 'usage'))
           and not coalesce((
               select option_value::boolean from pg_options_to_table(v.reloptions)
                where option_name = 'security_invoker'), false))
 order by 1, 2;

-- The number in E.164 as ignacio_domain::phone::PhoneNumber reads it; null where it cannot.
create function legacy.import_number(p_text text) returns text
    language plpgsql immutable set search_path = '' as $$
declare
    v_text text;
begin
    if pg_catalog.octet_length(p_text) > 256 then
        return null;
    end if;
    v_text := pg_catalog.translate(p_text,
        '＋（）０１２３４５６７８９٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹', '+()012345678901234567890123456789');
    v_text := pg_catalog.regexp_replace(v_text,
        '^[\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$',
        '', 'g');
    v_text := pg_catalog.regexp_replace(v_text,
        '[- .\u00a0\u00ad\u061c\u2000-\u200f\u2010-\u2015\u202a-\u202f\u2060\u2066-\u2069\u2212\u3000\ufeff\uff0d\uff0e]',
        '', 'g');
    -- A `(0)` is dialled within a country only: dropping it would be a guess.
    if v_text ~ '[0-9)]\(0' then
        return null;
    end if;
    v_text := pg_catalog.regexp_replace(v_text, '\((\+?[0-9]+)\)', '\1', 'g');
    v_text := case
        when v_text like '+%' then pg_catalog.substr(v_text, 2)
        when v_text like '00%' then pg_catalog.substr(v_text, 3)
        else v_text end;
    return case when v_text ~ '^[1-9][0-9]{6,14}$' then '+' || v_text end;
end $$;

-- Values as people typed them; null if they cannot be read.
create function legacy.import_uuid(p_text text) returns uuid
    language plpgsql immutable set search_path = '' as $$
begin
    return p_text::uuid;
exception when data_exception then
    return null;
end $$;
create function legacy.import_bigint(p_text text) returns bigint
    language plpgsql immutable set search_path = '' as $$
begin
    return pg_catalog.round(p_text::numeric)::bigint;
exception when data_exception or feature_not_supported then
    return null;
end $$;
create function legacy.import_timestamptz(p_text text) returns timestamptz
    language plpgsql stable set search_path = '' as $$
begin
    return p_text::timestamptz;
exception when data_exception or feature_not_supported then
    return null;
end $$;
create function legacy.import_boolean(p_text text) returns boolean
    language sql immutable set search_path = '' as $$
    select case
        when pg_catalog.lower(pg_catalog.btrim(p_text))
            in ('true', 't', 'yes', 'y', 'si', 'sí', 'sÍ', 's', 'on', '1') then true
        when pg_catalog.lower(pg_catalog.btrim(p_text))
            in ('false', 'f', 'no', 'n', 'off', '0') then false
    end $$;
-- A plausible time for a row: an infinite or absurd one would hide it in lists.
create function legacy.import_past(p_at timestamptz) returns timestamptz
    language sql stable set search_path = '' as $$
    select case when p_at < '1970-01-01 00:00+00' then '1970-01-01 00:00+00'
                when p_at > pg_catalog.now() then pg_catalog.now() else p_at end $$;

-- The old tables with the columns that we know and in our types, whatever columns they had.
do $$
declare
    v_table   text;
    v_columns text;
    v_column  record;
    v_extra   text;
    v_has     boolean;
begin
    create table legacy.import_columns (table_name text, position integer, name text, type text);
    insert into legacy.import_columns values
        ('users', 1, 'id', 'uuid'), ('users', 2, 'phone_number', 'text'),
        ('users', 3, 'name', 'text'), ('users', 4, 'is_admin', 'boolean'),
        ('users', 5, 'is_active', 'boolean'), ('users', 6, 'created_at', 'timestamptz'),
        ('users', 7, 'updated_at', 'timestamptz'),
        ('conversations', 1, 'id', 'uuid'), ('conversations', 2, 'user_id', 'uuid'),
        ('conversations', 3, 'title', 'text'), ('conversations', 4, 'created_at', 'timestamptz'),
        ('conversations', 5, 'updated_at', 'timestamptz'),
        ('messages', 1, 'id', 'uuid'), ('messages', 2, 'conversation_id', 'uuid'),
        ('messages', 3, 'user_id', 'uuid'), ('messages', 4, 'content', 'text'),
        ('messages', 5, 'message_type', 'text'), ('messages', 6, 'is_from_user', 'boolean'),
        ('messages', 7, 'created_at', 'timestamptz'), ('messages', 8, 'updated_at', 'timestamptz'),
        ('user_files', 1, 'id', 'uuid'), ('user_files', 2, 'user_id', 'uuid'),
        ('user_files', 3, 'file_name', 'text'), ('user_files', 4, 'file_path', 'text'),
        ('user_files', 5, 'file_type', 'text'), ('user_files', 6, 'file_size', 'bigint'),
        ('user_files', 7, 'openai_file_id', 'text'),
        ('user_files', 8, 'openai_vector_store_id', 'text'),
        -- Known but not imported, because nothing reads them.
        ('user_files', 9, 'openai_uploaded_at', 'text'),
        ('user_files', 10, 'openai_sync_status', 'text'),
        ('user_files', 11, 'created_at', 'timestamptz'),
        ('user_files', 12, 'updated_at', 'timestamptz');
    for v_table in select distinct table_name from legacy.import_columns order by 1 loop
        create table legacy.import_column_reads as
        select k.position, k.name, k.type, a.attname is not null as is_there,
               case when a.attname is null then format('null::%s', k.type)
                    -- Types that lose nothing, and text, which takes everything.
                    when k.type in ('text', format_type(a.atttypid, null))
                      or k.type = 'timestamptz'
                         and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype)
                      or k.type = 'bigint' and a.atttypid in ('int2'::regtype, 'int4'::regtype)
                        then format('t.%I::%s', k.name, k.type)
                    else format('legacy.import_%s(t.%I::text)', k.type, k.name) end as reading
          from legacy.import_columns k
          left join pg_attribute a
            on a.attrelid = to_regclass('legacy.' || v_table) and a.attname = k.name
           and a.attnum > 0 and not a.attisdropped
         where k.table_name = v_table;
        select string_agg(
                   format(case type when 'timestamptz' then 'legacy.import_past(%s)' else '%s' end
                       || ' as %I', reading, name),
                   ', ' order by position)
          into v_columns from legacy.import_column_reads;
        execute format('create view legacy.import_%s as select %s %s', v_table, v_columns,
            case when to_regclass('legacy.' || v_table) is null then 'where false'
                 else format('from legacy.%I t', v_table) end);
        for v_column in
            select * from legacy.import_column_reads
             where is_there and type <> 'text' and name <> 'id' order by position loop
            execute format(
                'insert into legacy.import_report (table_name, what, row_id, original)
                 select %L, %L, t.id, t.%I::text from legacy.%I t
                  where t.%I is not null and %s is null order by t.id',
                v_table, format('have a value in %s that cannot be read: now unknown', v_column.name),
                v_column.name, v_table, v_column.name, v_column.reading);
            continue when v_column.type <> 'timestamptz';
            execute format(
                'insert into legacy.import_report (table_name, what, row_id, original)
                 select %L, %L, t.id, t.%I::text from legacy.%I t
                  where %s <> legacy.import_past(%s) order by t.id',
                v_table, format('have a time in %s that is in the future or before 1970: '
                    'now the time of this migration, or 1970', v_column.name),
                v_column.name, v_table, v_column.reading, v_column.reading);
        end loop;
        drop table legacy.import_column_reads;
        execute format(
            'insert into legacy.import_report (table_name, what)
             select %L, format(''%%s rows had no time of creation or change: now the other of the two, or the time of this migration'', count(*))
               from legacy.import_%s where created_at is null or updated_at is null
             having count(*) > 0', v_table, v_table);
        for v_extra in
            select a.attname from pg_attribute a
             where a.attrelid = to_regclass('legacy.' || v_table)
               and a.attnum > 0 and not a.attisdropped
               and not exists (
                   select 1 from legacy.import_columns k
                    where k.table_name = v_table and k.name = a.attname) loop
            execute format('select exists (select 1 from legacy.%I where %I is not null)',
                v_table, v_extra) into v_has;
            continue when not v_has;
            insert into legacy.import_pinned_tables values (v_table) on conflict do nothing;
            insert into legacy.import_report (table_name, what)
            values (v_table, format(
                'the column %s is unknown; its values stay in legacy.%s', v_extra, v_table));
        end loop;
    end loop;
    drop table legacy.import_columns;
end $$;

-- Row level security would bind the owner, too. It is forced again before the end.
do $$
declare
    v_table text;
begin
    foreach v_table in array array['users', 'conversations', 'messages', 'user_files'] loop
        execute format('alter table public.%I no force row level security', v_table);
    end loop;
end $$;
