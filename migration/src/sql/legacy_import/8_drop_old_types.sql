-- Drops the old script's function and types if nothing uses them. Runs as the role that connected;
-- what belongs to another role stays.
do $$
declare
    v_type regtype;
    v_name text;
begin
    if to_regprocedure('public.update_updated_at_column()') is not null then
        begin
            drop function public.update_updated_at_column();
        exception
            when dependent_objects_still_exist or insufficient_privilege then
                insert into legacy.import_report (table_name, what)
                values ('public', 'the function update_updated_at_column() stays: it is in use, or belongs to another role');
        end;
    end if;
    for v_type in select type_oid from legacy.import_types loop
        v_name := v_type::text;
        begin
            execute format('drop type %s', v_type);
        exception
            when insufficient_privilege then
                insert into legacy.import_report (table_name, what)
                values ('public', format('the type %s stays: it belongs to another role', v_name));
            when dependent_objects_still_exist then
                if exists (
                    select 1
                      from pg_depend d
                      left join pg_attrdef f on d.classid = 'pg_attrdef'::regclass and f.oid = d.objid
                      left join pg_class c on c.oid = case d.classid
                          when 'pg_class'::regclass then d.objid else f.adrelid end
                     where d.refclassid = 'pg_type'::regclass and d.deptype <> 'i'
                       and d.refobjid in (
                           v_type, (select typarray from pg_type where oid = v_type::oid))
                       and c.relnamespace is distinct from 'legacy'::regnamespace)
                then
                    insert into legacy.import_report (table_name, what)
                    values ('public', format('the type %s stays: it is in use', v_name));
                else
                    execute format('alter type %s set schema legacy', v_type);
                end if;
        end;
    end loop;
end $$;
