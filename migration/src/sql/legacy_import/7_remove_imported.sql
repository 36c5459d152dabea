-- Imported rows leave the old tables, and empty tables are dropped. Clear tokens and codes are
-- destroyed, except for those that a foreign key refers to.
drop view legacy.import_users, legacy.import_conversations, legacy.import_messages,
    legacy.import_user_files;
drop function legacy.import_number(text), legacy.import_uuid(text),
    legacy.import_bigint(text), legacy.import_timestamptz(text),
    legacy.import_boolean(text), legacy.import_past(timestamptz);

do $$
declare
    v_table  text;
    v_is_so  boolean;
    v_name   text;
    v_column record;
    v_stays  boolean;
    v_count  bigint;
begin
    foreach v_table in array array['users', 'conversations', 'messages', 'user_files'] loop
        continue when to_regclass('legacy.' || v_table) is null;
        if exists (select 1 from legacy.import_pinned_tables w where w.table_name = v_table) then
            insert into legacy.import_report (table_name, what)
            values (v_table, format(
                'legacy.%s stays complete, and closed, next to the imported rows', v_table));
            continue;
        end if;
        select left_over = 0 into v_is_so from legacy.import_counts c where c.table_name = v_table;
        if v_is_so then
            execute format('drop table legacy.%I', v_table);
        else
            execute format('delete from legacy.%I o using public.%I n where n.id = o.id::uuid',
                v_table, v_table);
        end if;
    end loop;

    foreach v_table in array array['user_sessions', 'otp_codes'] loop
        continue when to_regclass('legacy.' || v_table) is null;
        execute format('select count(*) from legacy.%I', v_table) into v_count;
        insert into legacy.import_counts (table_name, found, destroyed)
        values (v_table, v_count, v_count);
        if not exists (select 1 from legacy.import_pinned_tables w where w.table_name = v_table) then
            execute format('drop table legacy.%I', v_table);
            continue;
        end if;
        -- Something refers to the table: only the id and what a foreign key needs stay.
        for v_name in
            select conname from pg_constraint
             where conrelid = ('legacy.' || v_table)::regclass and contype = 'c' loop
            execute format('alter table legacy.%I drop constraint %I', v_table, v_name);
        end loop;
        for v_column in
            select a.attname as name, a.attnum as number, a.atttypmod as type_modifier,
                   exists (
                       select 1 from pg_constraint k
                        where k.confrelid = a.attrelid and k.contype = 'f'
                          and a.attnum = any (k.confkey)) as is_needed
              from pg_attribute a
             where a.attrelid = ('legacy.' || v_table)::regclass and a.attname <> 'id'
               and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
               and a.attidentity = '' loop
            v_stays := v_column.is_needed;
            if not v_stays then
                begin
                    for v_name in
                        select conname from pg_constraint
                         where conrelid = ('legacy.' || v_table)::regclass and contype = 'p'
                           and v_column.number = any (conkey) loop
                        execute format('alter table legacy.%I drop constraint %I', v_table, v_name);
                    end loop;
                    execute format('alter table legacy.%I alter column %I drop not null',
                        v_table, v_column.name);
                    execute format('update legacy.%I set %I = null', v_table, v_column.name);
                exception when dependent_objects_still_exist then
                    -- A view needs the key, but not its values.
                    begin
                        execute format(
                            'update legacy.%I set %I = left(replace(gen_random_uuid()::text, ''-'', ''''), %s)',
                            v_table, v_column.name,
                            case when v_column.type_modifier > 4
                                 then v_column.type_modifier - 4 else 32 end);
                    exception
                        when data_exception or integrity_constraint_violation
                            or datatype_mismatch then
                            v_stays := true;
                    end;
                end;
            end if;
            continue when not v_stays;
            update legacy.import_counts c set left_over = c.found, destroyed = 0
             where c.table_name = v_table;
            insert into legacy.import_report (table_name, what)
            values (v_table, format(
                'the values of the column %s could not be destroyed, as something refers to them: they stay in clear in legacy.%s',
                v_column.name, v_table));
        end loop;
    end loop;
end $$;

do $$
declare
    v_table text;
begin
    foreach v_table in array array['users', 'conversations', 'messages', 'user_files'] loop
        execute format('alter table public.%I force row level security', v_table);
    end loop;
end $$;
drop table legacy.import_user_map, legacy.import_pinned_tables;
