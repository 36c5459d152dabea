//! The matrix: every actor's results, and how they are written for readers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ignacio_devstack::TestDatabase;

use super::actors::{ACTORS, Actor};
use super::catalogue::{Table, tables};
use super::cells::{BLIND, PAIRS, of_columns, of_rows};
use super::prober::{Prober, Probes};

/// Table, actor, what was tried: the result.
pub(super) type Cells = BTreeMap<(String, &'static str, String), String>;

/// Which rights the roles have while they try.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// Their own.
    Granted,
    /// Every right on every table, so that only the policies refuse.
    All,
}

/// A database with the rows of Ana and Ben, and connections of all actors.
pub(super) struct World {
    pub(super) database: TestDatabase,
    pub(super) tables: Vec<Table>,
    rights: Rights,
    probers: Vec<Prober>,
}

impl World {
    pub(super) async fn build(rights: Rights) -> Self {
        let database = TestDatabase::create().await;
        database.execute(include_str!("world.sql")).await;
        let actors = ACTORS.iter().filter(|it| rights == Rights::Granted || !it.is_owner());
        let mut probers = Vec::new();
        for actor in actors {
            if rights == Rights::All {
                let role = actor.role();
                database
                    .execute(&format!("grant all on all tables in schema public to {role}"))
                    .await;
            }
            probers.push(Prober::connect(*actor, &database).await);
        }
        let tables = tables(&database).await;
        Self { database, tables, rights, probers }
    }

    /// Every cell.
    pub(super) async fn cells(&mut self) -> Cells {
        let mut cells = Cells::new();
        for at in 0..self.tables.len() {
            cells.append(&mut self.cells_of(at, |_| true).await);
        }
        cells
    }

    /// The cells of one table, for some of the actors.
    pub(super) async fn cells_of(&mut self, at: usize, who: impl Fn(&Actor) -> bool) -> Cells {
        let table = &self.tables[at];
        let mut probes = of_rows(table);
        if self.rights == Rights::Granted {
            probes.extend(of_columns(table));
        }
        let probes = Probes::from(probes);
        let mut cells = Cells::new();
        for prober in self.probers.iter_mut().filter(|it| who(&it.actor)) {
            let answers = prober.try_all(&probes).await;
            for (what, answer) in probes.whats.iter().zip(answers) {
                let key = (table.name.clone(), prober.actor.name, what.clone());
                cells.insert(key, answer);
            }
        }
        cells
    }

    pub(super) fn probers(&mut self) -> &mut [Prober] {
        &mut self.probers
    }

    fn actors(&self) -> impl Iterator<Item = &'static str> {
        self.probers.iter().map(|it| it.actor.name)
    }

    /// The cells about rows as text: a block per table, a line per result with the actors that get
    /// it.
    pub(super) fn rows_text(&self, cells: &Cells) -> String {
        let headings = PAIRS.iter().chain(&BLIND).map(|it| (*it).to_owned());
        let mut text = format!("{}who\n", columns(headings));
        for table in &self.tables {
            writeln!(text, "{}", table.name).unwrap();
            let answers = |actor| {
                let it = |what: &str| cells[&(table.name.clone(), actor, what.to_owned())].as_str();
                let pairs =
                    PAIRS.map(|what| pair(it(&format!("{what} ana")), it(&format!("{what} ben"))));
                columns(pairs.into_iter().chain(BLIND.map(|what| it(what).to_owned())))
            };
            for (answers, actors) in grouped(self.actors(), answers) {
                writeln!(text, "{answers}{}", actors.join(", ")).unwrap();
            }
            text.push_str(&odd_text(table, cells));
        }
        text
    }

    /// The cells about columns as text: a block per table, a line per kind of access, below the
    /// actors that have it.
    pub(super) fn columns_text(&self, cells: &Cells) -> String {
        let mut text = String::new();
        for table in &self.tables {
            let names: Vec<_> = table
                .columns
                .iter()
                .map(|it| format!("{}{}", it.name, if it.is_generated { "*" } else { "" }))
                .collect();
            writeln!(text, "{}: {}", table.name, names.join(" ")).unwrap();
            for (lines, actors) in grouped(self.actors(), |actor| lines(table, actor, cells)) {
                writeln!(text, "  {}", actors.join(", ")).unwrap();
                for (access, names) in lines {
                    writeln!(text, "    {access:<11} {}", listed(table, &names)).unwrap();
                }
            }
        }
        text
    }
}

/// Groups actors with the same results, in the order of the first of each group.
fn grouped<T: PartialEq>(
    actors: impl Iterator<Item = &'static str>,
    answers: impl Fn(&'static str) -> T,
) -> Vec<(T, Vec<&'static str>)> {
    let mut groups: Vec<(T, Vec<&str>)> = Vec::new();
    for actor in actors {
        let it = answers(actor);
        match groups.iter_mut().find(|(other, _)| *other == it) {
            Some((_, group)) => group.push(actor),
            None => groups.push((it, vec![actor])),
        }
    }
    groups
}

fn columns(words: impl Iterator<Item = String>) -> String {
    words.fold("  ".to_owned(), |mut line, word| {
        write!(line, "{word:<10}").unwrap();
        if word.len() >= 10 {
            line.push(' ');
        }
        line
    })
}

/// Odd rows, for actors that may insert some row.
fn odd_text(table: &Table, cells: &Cells) -> String {
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ((_, actor, what), answer) in cells.iter().filter(|(key, _)| key.0 == table.name) {
        let Some(label) = what.strip_prefix("odd ") else { continue };
        let line = lines.entry(label).or_default();
        let plain = &cells[&(table.name.clone(), *actor, "insert ana".to_owned())];
        if plain != "E" || answer != "E" {
            line.push(format!("{actor} {answer}"));
        }
    }
    lines.iter().fold(String::new(), |mut text, (label, who)| {
        writeln!(text, "  insert one {label}: {}", who.join(", ")).unwrap();
        text
    })
}

/// Which columns an actor reads (and in how many rows), inserts and updates (in whose rows).
fn lines<'t>(
    table: &'t Table,
    actor: &'static str,
    cells: &Cells,
) -> BTreeMap<String, Vec<&'t str>> {
    let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for column in &table.columns {
        let name = column.name.as_str();
        let it = |what: &str| {
            cells
                .get(&(table.name.clone(), actor, format!("column {what} {name}")))
                .map(String::as_str)
        };
        if let Some(rows) = it("select").filter(|it| *it != "E") {
            lines.entry(format!("select {rows}")).or_default().push(name);
        }
        match it("insert").filter(|it| *it != "E") {
            None => {}
            Some("0") => lines.entry("insert".to_owned()).or_default().push(name),
            Some(state) => lines.entry(format!("insert {state}")).or_default().push(name),
        }
        // Every actor with the right is listed, even if a policy refuses each row.
        if it("set").is_some_and(|it| it != "E") {
            let pair = pair(it("update ana").unwrap_or("-"), it("update ben").unwrap_or("-"));
            lines.entry(format!("update {pair}")).or_default().push(name);
        }
    }
    lines
}

fn pair(ana: &str, ben: &str) -> String {
    if (ana, ben) == ("E", "E") { "E".to_owned() } else { format!("{ana}/{ben}") }
}

fn listed(table: &Table, columns: &[&str]) -> String {
    let missing: Vec<_> = table
        .columns
        .iter()
        .map(|it| it.name.as_str())
        .filter(|it| !columns.contains(it))
        .collect();
    match missing.len() {
        0 => "all".to_owned(),
        few if few < 3 && few < columns.len() => format!("all but {}", missing.join(" ")),
        _ => columns.join(" "),
    }
}
