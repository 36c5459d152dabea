//! What an actor can do besides reading and writing rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::matrix::World;
use super::prober::{Probe, Probes};

/// Statements that only the schema's owner should run.
const STATEMENTS: [&str; 21] = [
    "set local role ignacio_api",
    "set local role ignacio_auth",
    "set local role ignacio_worker",
    "set local role ignacio_admin",
    "set local role ignacio_owner",
    "set local role ignacio_definer",
    "set local role ignacio_seeder",
    "set local role pg_read_all_data",
    "set session authorization ignacio_owner",
    "set local session_replication_role = replica",
    "create table public.mine (x int)",
    "create table app.mine (x int)",
    "create temp table mine (x int)",
    "create schema mine",
    "create function public.mine() returns int language sql return 1",
    "create role mine",
    "alter role current_user bypassrls",
    "alter role current_user password 'mine'",
    "create policy mine on users using (true)",
    "copy (select 1) to '/tmp/mine'",
    "select pg_read_file('PG_VERSION')",
];

/// Every statement with the actors that are not refused, and the result.
pub(super) async fn measure(world: &mut World) -> (String, usize) {
    let tables: Vec<_> = world.tables.iter().map(|it| it.name.clone()).collect();
    let mut probes: Vec<_> = STATEMENTS.map(|it| probe(it.to_owned())).into();
    for table in &tables {
        probes.extend(of_table(table));
    }
    let probes = Probes::from(probes);
    let mut may: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut n_cells = 0;
    for prober in world.probers() {
        let name = prober.actor.name;
        let mut answers: Vec<(String, String)> = Vec::new();
        for (what, answer) in probes.whats.iter().zip(prober.try_all(&probes).await) {
            answers.push((what.clone(), answer));
        }
        for table in &tables {
            answers.push((format!("copy {table} to stdout"), prober.copy_out(table).await));
            answers.push((format!("copy {table} from stdin"), prober.copy_in(table).await));
        }
        n_cells += answers.len();
        for (what, answer) in answers {
            let who = may.entry(what).or_default();
            if answer != "E" {
                who.push(format!("{name} {answer}"));
            }
        }
    }
    let text = may.iter().fold(String::new(), |mut text, (what, who)| {
        let who = if who.is_empty() { "nobody".to_owned() } else { who.join(", ") };
        writeln!(text, "{what}: {who}").unwrap();
        text
    });
    (text, n_cells)
}

/// The functions that each actor may call.
pub(super) async fn functions(world: &World) -> String {
    let read = "select p.oid::regprocedure || ': ' || coalesce((
                   select string_agg(replace(rolname, 'ignacio_', ''), ' ' order by rolname)
                     from pg_roles
                    where rolname like 'ignacio\\_%' and not rolsuper
                      and rolname not in ('ignacio_owner', 'ignacio_deployer', 'ignacio_definer')
                      and has_function_privilege(rolname, p.oid, 'execute')), 'nobody')
                  from pg_proc p
                 where p.pronamespace in ('app'::regnamespace, 'public'::regnamespace)
                 order by p.oid::regprocedure::text collate \"C\"";
    let lines = world.database.query_column(read).await;
    let lines: Vec<_> = lines.into_iter().flatten().collect();
    format!("{}\n", lines.join("\n"))
}

fn of_table(table: &str) -> [Probe; 6] {
    // Granting without the right to is only a warning, so the effect is checked.
    let grant = format!(
        "do $it$ begin
             grant select on {table} to public;
             if not has_table_privilege('public', '{table}', 'select') then
                 raise insufficient_privilege;
             end if;
         end $it$"
    );
    let past =
        format!("do $it$ begin set local row_security = off; perform 1 from {table}; end $it$");
    [
        probe(format!("alter table {table} disable row level security")),
        probe(format!("alter table {table} no force row level security")),
        probe(format!("lock table {table}")),
        probe(format!("truncate {table} cascade")),
        Probe { what: format!("grant select on {table} to public"), ways: vec![grant] },
        Probe { what: format!("select from {table} with row_security = off"), ways: vec![past] },
    ]
}

fn probe(statement: String) -> Probe {
    Probe { what: statement.clone(), ways: vec![statement] }
}
