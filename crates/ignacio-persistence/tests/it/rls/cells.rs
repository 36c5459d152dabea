//! The cells of a table: what is tried on it.

use super::catalogue::Table;
use super::prober::Probe;
use super::templates::{Template, template};

/// What is tried on Ana's rows and on Ben's, in the order of the reviewed files.
pub(super) const PAIRS: [&str; 8] =
    ["select", "lock", "insert", "returning", "upsert", "update", "give", "delete"];
/// What is tried on all rows at once, without naming one: only the statement's own policy applies,
/// not that of SELECT.
pub(super) const BLIND: [&str; 3] = ["update*", "give*", "delete*"];
/// What is tried on each column.
pub(super) const PER_COLUMN: [&str; 5] =
    ["column insert", "column set", "column select", "column update ana", "column update ben"];

/// What is tried on a table's rows.
pub(super) fn of_rows(table: &Table) -> Vec<Probe> {
    let template = template(&table.name);
    let mut probes = Vec::new();
    for operation in PAIRS {
        for me in ["ana", "ben"] {
            let what = format!("{operation} {me}");
            probes.push(Probe { what, ways: ways(operation, table, template, me) });
        }
    }
    let blind = table
        .writable()
        .map(|column| format!("update {} set {} = {}", table.name, column.name, column.sample()))
        .collect();
    probes.push(Probe { what: "update*".to_owned(), ways: blind });
    let (column, value) = template.owner;
    let give = vec![format!("update {} set {column} = {}", table.name, filled(value, "ben"))];
    probes.push(Probe { what: "give*".to_owned(), ways: give });
    let delete = vec![format!("delete from {}", table.name)];
    probes.push(Probe { what: "delete*".to_owned(), ways: delete });
    for (label, differences) in template.odd {
        let row = row(template.row, differences);
        let ways = vec![filled(&insert(&table.name, &row), "ana")];
        probes.push(Probe { what: format!("odd {label}"), ways });
    }
    probes
}

/// What is tried on a table's columns.
pub(super) fn of_columns(table: &Table) -> Vec<Probe> {
    let (name, template) = (&table.name, template(&table.name));
    let mut probes = Vec::new();
    for column in &table.columns {
        let it = &column.name;
        for what in PER_COLUMN {
            let ways = match what {
                // A generated column cannot be written at all.
                "column insert" if column.is_generated => continue,
                // Without a row, so that only the right is checked.
                "column insert" => vec![format!(
                    "insert into {name} ({it}) select null::{} where false",
                    column.kind
                )],
                "column set" => vec![format!("update {name} set {it} = default where false")],
                "column select" => vec![format!("select {it} from {name}")],
                _ if column.is_generated => continue,
                _ => {
                    let me = if what.ends_with("ana") { "ana" } else { "ben" };
                    let theirs = filled(template.whose, me);
                    vec![format!("update {name} set {it} = {it} where {theirs}")]
                }
            };
            probes.push(Probe { what: format!("{what} {it}"), ways });
        }
    }
    probes
}

fn ways(operation: &str, table: &Table, template: &Template, me: &str) -> Vec<String> {
    let name = &table.name;
    let theirs = wheres(template, me);
    let new = row(template.row, &[]);
    match operation {
        "select" => theirs.map(|it| format!("select 1 from {name} where {it}")).to_vec(),
        "lock" => theirs.map(|it| format!("select 1 from {name} where {it} for update")).to_vec(),
        "insert" => vec![filled(&insert(name, &new), me)],
        "returning" => {
            let key = template.key[0].0;
            vec![filled(&format!("{} returning {key}", insert(name, &new)), me)]
        }
        // A row of Ana's under the key of an existing one: her own, or Ben's.
        "upsert" => {
            let key: Vec<_> =
                template.key.iter().map(|(column, it)| (*column, filled(it, me))).collect();
            let key: Vec<_> = key.iter().map(|(column, it)| (*column, it.as_str())).collect();
            let insert = filled(&insert(name, &row(template.row, &key)), "ana");
            let columns: Vec<_> = key.iter().map(|(column, _)| *column).collect();
            let columns = columns.join(", ");
            table
                .writable()
                .map(|it| {
                    let (column, value) = (&it.name, it.sample());
                    format!("{insert} on conflict ({columns}) do update set {column} = {value}")
                })
                .collect()
        }
        "update" => table
            .writable()
            .map(|column| {
                let (column, theirs) = (&column.name, &theirs[0]);
                format!("update {name} set {column} = {column} where {theirs}")
            })
            .collect(),
        // Ana's row is given to Ben, or his to her.
        "give" => {
            let (column, value) = template.owner;
            let value = filled(value, if me == "ana" { "ben" } else { "ana" });
            theirs.map(|it| format!("update {name} set {column} = {value} where {it}")).to_vec()
        }
        _ => theirs.map(|it| format!("delete from {name} where {it}")).to_vec(),
    }
}

/// Two ways to select a user's rows, for roles that may not read the column of the first.
fn wheres(template: &Template, me: &str) -> [String; 2] {
    let key: Vec<_> = template.key.iter().map(|(column, it)| format!("{column} = {it}")).collect();
    [filled(template.whose, me), filled(&key.join(" and "), me)]
}

fn row<'r>(
    new: &[(&'r str, &'r str)],
    differences: &[(&'r str, &'r str)],
) -> Vec<(&'r str, &'r str)> {
    let is_same = |column: &str| differences.iter().all(|(other, _)| *other != column);
    let mut row: Vec<_> = new.iter().copied().filter(|(column, _)| is_same(column)).collect();
    row.extend(differences);
    row
}

fn insert(table: &str, row: &[(&str, &str)]) -> String {
    let (columns, values): (Vec<_>, Vec<_>) = row.iter().copied().unzip();
    format!("insert into {table} ({}) values ({})", columns.join(", "), values.join(", "))
}

fn filled(text: &str, me: &str) -> String {
    text.replace("$me", me)
}
