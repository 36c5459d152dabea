//! Mutation tests of the matrix: each policy, switch and right is broken in turn, and some cell
//! must change. `cargo xtask rls-mutants` runs all of them.

use ignacio_devstack::{DatabaseRole, TestDatabase};

use super::actors::Actor;
use super::matrix::{Cells, Rights, World};
use crate::catalogue_rules::findings;

/// Mutants that change no result, so that only the rules can detect them, each with the reason why.
const BY_LINT_ALONE: [(&str, &str); 3] = [
    ("repeatable_scripts not forced", "its policy lets the owner see every row anyway"),
    ("seaql_migrations not forced", "its policy lets the owner see every row anyway"),
    (
        "user_sessions_admin_update with check (true)",
        "the condition names no column: USING has asked the same of the same statement",
    ),
];

/// A schema with one thing wrong.
struct Mutant {
    name: String,
    table: String,
    /// The actors whose cells can change; empty means all.
    roles: Vec<String>,
    breaks: String,
    repairs: String,
}

impl Mutant {
    fn concerns(&self, actor: &Actor) -> bool {
        self.roles.is_empty() || self.roles.iter().any(|it| it == actor.role())
    }
}

/// Both matrices while nothing is broken.
struct Bench {
    worlds: [World; 2],
    sound: [Cells; 2],
}

impl Bench {
    async fn build() -> Self {
        let mut worlds = [World::build(Rights::Granted).await, World::build(Rights::All).await];
        let [granted, all] = &mut worlds;
        let sound = [granted.cells().await, all.cells().await];
        Self { worlds, sound }
    }

    /// A cell that changes under the mutant: searched first in its own table, then in all.
    async fn notices(&mut self, mutant: &Mutant) -> Option<String> {
        for is_whole in [false, true] {
            for (world, sound) in self.worlds.iter_mut().zip(&self.sound) {
                world.database.execute(&mutant.breaks).await;
                let mut changed = None;
                for at in 0..world.tables.len() {
                    if is_whole || world.tables[at].name == mutant.table {
                        let concerns = |it: &Actor| is_whole || mutant.concerns(it);
                        let cells = world.cells_of(at, concerns).await;
                        changed = changed.or_else(|| first_change(&cells, sound));
                    }
                }
                world.database.execute(&mutant.repairs).await;
                if changed.is_some() {
                    return changed;
                }
            }
        }
        None
    }

    async fn lint_notices(&mut self, mutant: &Mutant) -> Option<String> {
        let (_, reason) = BY_LINT_ALONE.iter().find(|it| it.0 == mutant.name)?;
        let database = &self.worlds[0].database;
        database.execute(&mutant.breaks).await;
        let findings = findings(database).await;
        database.execute(&mutant.repairs).await;
        findings.into_iter().next().map(|it| format!("by the lint alone ({reason}): {it}"))
    }
}

fn first_change(cells: &Cells, sound: &Cells) -> Option<String> {
    cells.iter().find(|(key, answer)| sound.get(key) != Some(*answer)).map(|(key, answer)| {
        let (table, actor, what) = key;
        format!("{actor} {what} on {table}: {} is now {answer}", sound[key])
    })
}

#[tokio::test]
#[ignore = "takes minutes: cargo xtask rls-mutants"]
async fn every_mutated_policy_changes_a_cell() {
    let only = std::env::var_os("RLS_MUTANTS").unwrap_or_default();
    let only = only.to_str().unwrap();
    let mut bench = Bench::build().await;
    let mut mutants = mutants(&bench.worlds[0].database).await;
    mutants.retain(|it| it.name.contains(only));
    assert!(!mutants.is_empty(), "no mutant has `{only}` in its name");
    let before = [fingerprint(&bench.worlds[0]).await, fingerprint(&bench.worlds[1]).await];
    let (mut by_lint, mut survivors) = (Vec::new(), Vec::new());
    for (number, mutant) in (1..).zip(&mutants) {
        let progress = format!("{number:>3}/{} {}", mutants.len(), mutant.name);
        if let Some(change) = bench.notices(mutant).await {
            println!("{progress}: killed, {change}");
        } else if let Some(finding) = bench.lint_notices(mutant).await {
            println!("{progress}: killed {finding}");
            by_lint.push(mutant.name.as_str());
        } else {
            println!("{progress}: SURVIVES");
            survivors.push(mutant.name.as_str());
        }
    }
    let after = [fingerprint(&bench.worlds[0]).await, fingerprint(&bench.worlds[1]).await];
    for (before, after) in before.iter().zip(&after) {
        let gone = before.iter().filter(|row| !after.contains(row));
        let new = after.iter().filter(|row| !before.contains(row));
        let changed: Vec<_> = gone.chain(new).collect();
        assert!(changed.is_empty(), "a mutant was not repaired: {changed:#?}");
    }
    let (n_mutants, n_by_lint) = (mutants.len(), by_lint.len());
    let n_killed = n_mutants - survivors.len();
    let names = if survivors.is_empty() { "none".to_owned() } else { survivors.join(", ") };
    println!(
        "{n_mutants} mutants, {n_killed} killed ({n_by_lint} by the lint alone), survivors: {names}"
    );
    assert!(survivors.is_empty(), "no cell of the matrix notices: {names}");
    let expected = BY_LINT_ALONE.map(|it| it.0).into_iter().filter(|it| it.contains(only));
    assert_eq!(by_lint, expected.collect::<Vec<_>>(), "the list is longer than needed");
}

#[tokio::test]
async fn a_dropped_policy_changes_the_matrix_and_its_return_restores_it() {
    let mut world = World::build(Rights::Granted).await;
    let mutants = mutants(&world.database).await;
    let name = "conversations_api_select dropped";
    let mutant = mutants.iter().find(|it| it.name == name).unwrap();
    let at = world.tables.iter().position(|it| it.name == mutant.table).unwrap();
    let (before, sound) = (fingerprint(&world).await, world.cells_of(at, |_| true).await);

    world.database.execute(&mutant.breaks).await;
    let broken = world.cells_of(at, |_| true).await;
    let it = |what: &str| broken[&(mutant.table.clone(), "api[Ana]", what.to_owned())].clone();
    assert_eq!([it("select ana"), it("insert ana"), it("returning ana")], ["0", "1", "E"]);
    assert!(first_change(&broken, &sound).is_some());

    world.database.execute(&mutant.repairs).await;
    assert_eq!(fingerprint(&world).await, before);
    assert_eq!(world.cells_of(at, |_| true).await, sound);
}

/// Every mutant of this schema, from the catalogue.
async fn mutants(database: &TestDatabase) -> Vec<Mutant> {
    let roles: Vec<_> = DatabaseRole::ALL.iter().map(|it| format!("'{}'", it.name())).collect();
    let read = format!("{MUTANTS} order by 1").replace("$roles", &roles.join(", "));
    let rows = database.query_column(&read).await;
    let mutants = rows.into_iter().flatten().map(|row| {
        let [table, roles, name, breaks, repairs] = row.split('\u{1}').collect::<Vec<_>>()[..]
        else {
            panic!("expected five columns: {row}");
        };
        Mutant {
            name: name.to_owned(),
            table: table.to_owned(),
            roles: roles.split_whitespace().map(str::to_owned).collect(),
            breaks: breaks.to_owned(),
            repairs: repairs.to_owned(),
        }
    });
    mutants.collect()
}

/// Everything that the mutants touch, without the numbers that a recreated policy gets.
async fn fingerprint(world: &World) -> Vec<Option<String>> {
    world.database.query_column(FINGERPRINT).await
}

/// Table, roles, name, how it is broken, how it is repaired.
const MUTANTS: &str = r"
with policies as (
    select p.tablename as t, p.policyname as p, p.qual, p.with_check, p.cmd,
           array_to_string(p.roles, ' ') as roles,
           format('drop policy if exists %I on %I; create policy %I on %I as %s for %s to %s',
               p.policyname, p.tablename, p.policyname, p.tablename, p.permissive, p.cmd,
               array_to_string(p.roles, ', '))
               || coalesce(' using (' || p.qual || ')', '')
               || coalesce(' with check (' || p.with_check || ')', '') as repair
      from pg_policies p where p.schemaname = 'public'),
tables as (
    select c.oid, c.relname as t, c.relacl from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')),
mutants (t, roles, name, break, repair) as (
    select t, roles, p || ' dropped', format('drop policy %I on %I', p, t), repair from policies
    union all
    select t, roles, p || ' using (true)', format('alter policy %I on %I using (true)', p, t),
           repair
      from policies where qual <> 'true'
    union all
    select t, roles, p || ' with check (true)',
           format('alter policy %I on %I with check (true)', p, t), repair
      from policies where cmd in ('INSERT', 'UPDATE', 'ALL') and with_check is distinct from 'true'
    union all
    select t, '', t || ' without row level security',
           format('alter table %I disable row level security', t),
           format('alter table %I enable row level security', t)
      from tables
    union all
    select t, 'ignacio_owner', t || ' not forced',
           format('alter table %I no force row level security', t),
           format('alter table %I force row level security', t)
      from tables
    union all
    select t, r.rolname, format('every right on %s for %s', t, r.rolname),
           format('grant all on %I to %I', t, r.rolname),
           format('revoke all on %I from %I', t, r.rolname) || coalesce((
               select string_agg(format('; grant %s%s on %I to %I', a.privilege, a.columns, t,
                          r.rolname), '')
                 from (select x.privilege_type, '' from aclexplode(tables.relacl) x
                        where x.grantee = r.oid
                       union all
                       select x.privilege_type, format(' (%I)', k.attname)
                         from pg_attribute k, aclexplode(k.attacl) x
                        where k.attrelid = tables.oid and x.grantee = r.oid)
                      a (privilege, columns)), '')
      from tables, pg_roles r
     where r.rolname in ($roles))
select concat_ws(e'\x01', t, roles, name, break, repair) from mutants";

const FINGERPRINT: &str = "
select pg_policies::text from pg_policies where schemaname = 'public'
union all
select concat_ws(' ', c.relname, c.relrowsecurity, c.relforcerowsecurity) from pg_class c
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
union all
select concat_ws(' ', c.relname, x.grantee::regrole, x.privilege_type, x.is_grantable)
  from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
union all
select concat_ws(' ', k.attrelid::regclass, k.attname, x.grantee::regrole, x.privilege_type,
       x.is_grantable)
  from pg_attribute k, aclexplode(k.attacl) x
order by 1";
