-- The statements that drop ($1 = 'drop') the objects of the scripts in $2, or clear what an older text
-- of a script may have left before it is run again ($1 = 'replace'). With $2 null, of all scripts but
-- those in $3. Only tables of the owner count: others in the same schema are not ours to change.
with tables as (
    select c.oid, c.relname, c.relacl, c.relowner
      from pg_class c
     where c.relnamespace = to_regnamespace('public') and c.relkind in ('r', 'p')
       and pg_get_userbyid(c.relowner) = 'ignacio_owner'
), views as (
    select c.oid, c.relname, c.relacl, c.relowner
      from pg_class c
     where c.relnamespace = to_regnamespace('app') and c.relkind = 'v'
), routines as (
    select p.oid, p.proname, p.proacl, p.proowner
      from pg_proc p
     where p.pronamespace = to_regnamespace('app')
), objects (script, step, purpose, statement) as (
    select 'triggers/' || t.relname, 1, null,
           format('drop trigger %I on public.%I', g.tgname, t.relname)
      from tables t join pg_trigger g on g.tgrelid = t.oid
     where not g.tgisinternal
    union all
    select 'policies/' || t.relname, 2, null,
           format('drop policy %I on public.%I', p.polname, t.relname)
      from tables t join pg_policy p on p.polrelid = t.oid
    union all
    -- Supabase grants two roles every right on every table, TRUNCATE included, which no policy stops.
    select 'policies/' || t.relname, 3, null,
           format('revoke all on public.%I from %s', t.relname,
               case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
      from tables t
      cross join lateral (
               select grantee from aclexplode(t.relacl)
               union
               select x.grantee from pg_attribute c, aclexplode(c.attacl) x where c.attrelid = t.oid
           ) a
     where a.grantee <> t.relowner
    union all
    select 'routines/' || r.proname, 4, 'drop', format('drop routine %s', r.oid::regprocedure)
      from routines r
    union all
    select 'routines/' || r.proname, 4, 'replace',
           format('set local role %I; revoke all on routine %s from %s; set local role ignacio_owner',
               pg_get_userbyid(r.proowner), r.oid::regprocedure,
               case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
      from routines r cross join lateral aclexplode(r.proacl) a
     where a.grantee <> r.proowner
    union all
    select 'views/' || v.relname, 5, 'drop', format('drop view app.%I', v.relname)
      from views v
    union all
    select 'views/' || v.relname, 5, 'replace',
           format('revoke all on app.%I from %s', v.relname,
               case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
      from views v cross join lateral aclexplode(v.relacl) a
     where a.grantee <> v.relowner
)
select statement
  from objects
 where purpose is distinct from case $1 when 'drop' then 'replace' else 'drop' end
   and case when $2::text[] is null then script <> all ($3::text[]) else script = any ($2) end
 order by step, script, statement
