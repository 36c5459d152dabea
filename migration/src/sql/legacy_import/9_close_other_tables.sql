-- Closes other tables in `public`. Without row level security each role with a grant reads every
-- row; on some hosted databases anonymous visitors do. Owners still read their tables. Runs as the
-- role that connected; what belongs to another role is only reported.
do $$
declare
    v_table record;
begin
    for v_table in
        select c.oid::regclass as name, o.rolname as owner,
               pg_has_role(session_user, c.relowner, 'usage') as may_change, g.grantees
          from pg_class c
          join pg_roles o on o.oid = c.relowner
          cross join lateral (
              select string_agg(distinct coalesce(r.rolname, 'everyone'), ', ') as grantees
                from (select acl.grantee from aclexplode(c.relacl) acl
                      union all
                      select acl.grantee from pg_attribute a, aclexplode(a.attacl) acl
                       where a.attrelid = c.oid) granted
                left join pg_roles r on r.oid = granted.grantee
               where granted.grantee <> c.relowner) g
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and o.rolname <> 'ignacio_owner' and not c.relrowsecurity
           and not exists (
               select 1 from pg_depend d
                where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
         order by c.relname loop
        if v_table.grantees is null then
            insert into legacy.import_report (table_name, what)
            values ('public', format(
                'the table %s is not part of the old system: only its owner %s reads it',
                v_table.name, v_table.owner));
        elsif v_table.may_change then
            execute format('alter table %s enable row level security', v_table.name);
            insert into legacy.import_report (table_name, what)
            values ('public', format(
                'the table %s is not part of the old system and was open to %s: now only its owner %s reads it',
                v_table.name, v_table.grantees, v_table.owner));
        else
            insert into legacy.import_report (table_name, what)
            values ('public', format(
                'the table %s is not part of the old system and is open to %s: close it, or ask its owner %s',
                v_table.name, v_table.grantees, v_table.owner));
        end if;
    end loop;
end $$;
