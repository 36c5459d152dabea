//! What the import of a database of the old system did, or would do.

use std::collections::BTreeMap;

/// How many rows of a notice are named one by one; the whole list is in the database.
const SHOWN_ROWS: usize = 20;

/// What became of the tables of the old system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LegacyImport {
    /// One entry per table that was there.
    pub tables: Vec<TableCount>,
    /// What the operator should know.
    pub notices: Vec<Notice>,
}

/// Where the rows of one old table went: `found` is the sum of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableCount {
    /// Its name.
    pub table: String,
    /// The rows that it had.
    pub found: i64,
    /// Imported under the same id.
    pub kept: i64,
    /// Became part of another row.
    pub merged: i64,
    /// Could not be imported, and remain in the schema `legacy`.
    pub left_over: i64,
    /// Clear tokens and codes, which were destroyed.
    pub destroyed: i64,
}

/// Something about a table, and the rows that it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The table.
    pub table: String,
    /// What happened to these rows, or to the table if none are named.
    pub what: String,
    /// The ids of the rows.
    pub rows: Vec<String>,
}

impl LegacyImport {
    /// The report as text.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{:<16}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "old table", "rows", "kept", "merged", "left", "destroyed"
        )];
        lines.extend(self.tables.iter().map(|count| {
            format!(
                "{:<16}{:>10}{:>10}{:>10}{:>10}{:>10}",
                count.table,
                count.found,
                count.kept,
                count.merged,
                count.left_over,
                count.destroyed
            )
        }));
        for notice in &self.notices {
            lines.push(notice.headline());
            lines.extend(notice.rows.iter().take(SHOWN_ROWS).map(|row| format!("    {row}")));
            if notice.rows.len() > SHOWN_ROWS {
                lines.push(format!("    and {} more", notice.rows.len() - SHOWN_ROWS));
            }
        }
        lines
    }

    /// Groups the rows of the report into notices, in the order of their first mention.
    pub(crate) fn group(rows: Vec<(String, String, Option<String>)>) -> Vec<Notice> {
        let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
        let mut notices: Vec<Notice> = Vec::new();
        for (table, what, row) in rows {
            let place = *places.entry((table.clone(), what.clone())).or_insert_with(|| {
                notices.push(Notice { table, what, rows: Vec::new() });
                notices.len() - 1
            });
            if let Some(notice) = notices.get_mut(place) {
                notice.rows.extend(row);
            }
        }
        notices
    }
}

impl Notice {
    fn headline(&self) -> String {
        if self.rows.is_empty() {
            format!("{}: {}", self.table, self.what)
        } else {
            format!("{}: {} ({})", self.table, self.what, self.rows.len())
        }
    }
}

#[cfg(test)]
mod tests {
    //! Notices of one kind are grouped.

    use super::*;

    fn row(what: &str, id: Option<&str>) -> (String, String, Option<String>) {
        ("users".to_owned(), what.to_owned(), id.map(str::to_owned))
    }

    #[test]
    fn rows_of_one_kind_share_a_headline() {
        let notices = LegacyImport::group(vec![
            row("have no name", Some("1")),
            row("a trigger is gone", None),
            row("have no name", Some("2")),
        ]);
        let tables = Vec::new();
        let lines = LegacyImport { tables, notices }.lines();
        assert_eq!(
            lines[1..],
            ["users: have no name (2)", "    1", "    2", "users: a trigger is gone"]
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let rows = (0..25).map(|n| row("have no name", Some(&n.to_string()))).collect();
        let lines = LegacyImport { tables: Vec::new(), notices: LegacyImport::group(rows) }.lines();
        assert_eq!(lines.last().map(String::as_str), Some("    and 5 more"));
        assert_eq!(lines.len(), 1 + 1 + SHOWN_ROWS + 1);
    }
}
