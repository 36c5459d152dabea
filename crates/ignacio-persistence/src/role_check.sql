-- What is wrong with the role that runs this and with the tables that it works on, and the statement
-- that mends it: a sentence each. $role is the name that the role should have.
set search_path = pg_catalog;
with me as (
    -- Two, where the role is made to work as another one.
    select oid, oid::regrole as role, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
           rolreplication
      from pg_roles where rolname in (session_user, current_user)
), attribute as (
    select role, what, word
      from me cross join lateral (values
          (rolsuper, 'is a superuser, whom no policy binds', 'nosuperuser'),
          (rolbypassrls, 'has BYPASSRLS, so that no policy binds it', 'nobypassrls'),
          (rolcreaterole, 'may make roles and give them rights', 'nocreaterole'),
          (rolcreatedb, 'may make databases', 'nocreatedb'),
          (rolreplication, 'may replicate, which copies every row past the policies',
           'noreplication')) as it (has, what, word)
     where has
), membership as (
    select role, roleid::regrole as of,
           -- From 16 on a membership can be taken back only in the name of who gave it.
           case when current_setting('server_version_num')::int >= 160000
                then format(' granted by %s', grantor::regrole) end as grantor
      from pg_auth_members, me where member = me.oid
), owned as (
    select role, count(*) as n,
           min(pg_describe_object(d.classid, d.objid, d.objsubid)) as example
      from pg_shdepend d, me
     where d.refclassid = 'pg_authid'::regclass and d.refobjid = me.oid and d.deptype = 'o'
       and d.dbid in (0, (select oid from pg_database where datname = current_database()))
     group by role
), database_right as (
    select role, word from me, unnest(array['create', 'temporary']) as word
     where not rolsuper and has_database_privilege(me.oid, current_database(), word)
), open_schema as (
    select role, n.oid::regnamespace as name from pg_namespace n, me
     where not rolsuper and nspname !~ '^pg_(temp|toast)'
       and has_schema_privilege(me.oid, n.oid, 'create')
), ours as (
    -- Tables of extensions hold nobody's data, and are not ours to alter.
    select c.oid, c.oid::regclass as name,
           c.relrowsecurity and c.relforcerowsecurity as guarded,
           c.relowner = to_regrole('ignacio_owner') as made_by_us
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('public', 'app') and c.relkind in ('r', 'p')
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass
                          and d.objid = c.oid and d.deptype = 'e')
), table_right as (
    select role, name, string_agg(word, ', ' order by word) as words
      from ours, me, unnest(array['references', 'trigger', 'truncate']) as word
     where not rolsuper and has_table_privilege(me.oid, ours.oid, word)
     group by role, name
), unguarded as (
    -- Another program's tables beside ours are its own business, as long as we have no right to them.
    select distinct name from ours, me
     where not guarded
       and (made_by_us or not rolsuper
            and (has_any_column_privilege(me.oid, ours.oid, 'select, insert, update')
                 or has_table_privilege(me.oid, ours.oid, 'delete')))
), as_owner as (
    -- What works with its owner's rights, whoever asks. Trigger functions cannot be called, and what
    -- ours do with their owner's rights is meant.
    select 'pg_proc'::regclass as catalog, oid, pronamespace as schema, proowner as owner,
           coalesce(proacl, acldefault('f', proowner)) as acl,
           'call ' || oid::regprocedure as what, 'execute on routine ' || oid::regprocedure as taken
      from pg_proc
     where prosecdef and pg_get_userbyid(proowner) not in ('ignacio_owner', 'ignacio_definer')
       and prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
    union all
    select 'pg_class'::regclass, oid, relnamespace, relowner,
           -- A grant on a column is kept there.
           coalesce(relacl, acldefault('r', relowner))
               || array(select unnest(attacl) from pg_attribute where attrelid = c.oid),
           case relkind when 'm' then 'use the materialized view ' else 'use the view ' end
               || oid::regclass,
           'all on ' || oid::regclass
      from pg_class c
     where relkind = 'm' or relkind = 'v' and not exists (
           select from pg_options_to_table(reloptions)
            where option_name = 'security_invoker' and option_value::boolean)
), detour as (
    -- A right that comes by a membership is taken back with the membership. Whoever was allowed to
    -- give the right to others has to lose it too: a revoke undoes only what the owner gave.
    select role, what, owner::regrole as owner, taken,
           string_agg(distinct format(', %s', grantor::regrole), '')
               filter (where grantor <> owner) as givers
      from as_owner a join pg_namespace n on n.oid = a.schema, me, aclexplode(acl)
     where n.nspname in ('public', 'app') and not rolsuper
       and not exists (select from pg_depend d where d.classid = a.catalog and d.objid = a.oid
                          and d.deptype = 'e')
     group by role, me.oid, what, owner, taken
    having bool_or(grantee in (0, me.oid)
                   and privilege_type in ('EXECUTE', 'SELECT', 'INSERT', 'UPDATE', 'DELETE'))
), fault as (
    select format('the connection of $role arrives as %I: a pooler on the way logs in as '
               || 'somebody else, connect without it', session_user) as what,
           null as mend
     where session_user <> '$role'
    union all
    select format('$role works as %I', current_user), 'alter role $role reset role'
     where session_user = '$role' and current_user <> '$role'
    union all
    select format('%s %s', role, what), format('alter role %s %s', role, word) from attribute
    union all
    select format('%s is a member of %s and may act as it', role, of),
           format('revoke %s from %s%s', of, role, grantor)
      from membership
    union all
    select format('%s owns %s%s, and an owner may take the policies away', role, example,
               case when n > 1 then format(' and %s more', n - 1) end),
           format('reassign owned by %s to ignacio_owner', role)
      from owned
    union all
    select format('%s has %s on the database %I', role, upper(word), current_database()),
           format('revoke %s on database %I from public, %s', word, current_database(), role)
      from database_right
    union all
    select format('%s has CREATE on the schema %s', role, name),
           format('revoke create on schema %s from public, %s', name, role)
      from open_schema
    union all
    select format('%s has %s on %s, which no policy stops', role, upper(words), name),
           format('revoke %s on %s from public, %s', words, name, role)
      from table_right
    union all
    select format('%s has no forced row level security', name),
           format('alter table %s enable row level security, force row level security', name)
      from unguarded
    union all
    select format('%s may %s, which works with the rights of %s', role, what, owner),
           format('revoke %s from public, %s%s cascade', taken, role, givers)
      from detour
)
select what || coalesce(format(': run `%s`', mend), '') from fault order by 1
