//! The tables and columns, from the catalogue.

use ignacio_devstack::TestDatabase;

/// A table of the schema.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

/// A column of a table.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) is_generated: bool,
}

/// Every table of the schema, including the log of migrations, in the order of their names.
pub(super) async fn tables(database: &TestDatabase) -> Vec<Table> {
    let read = "select c.relname || '|' || a.attname || '|' || format_type(a.atttypid, null)
                    || '|' || (a.attgenerated <> '')
                  from pg_class c join pg_attribute a on a.attrelid = c.oid
                 where c.relnamespace in ('public'::regnamespace, 'app'::regnamespace)
                   and c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped
                 order by c.relname collate \"C\", a.attnum";
    let mut tables: Vec<Table> = Vec::new();
    for row in database.query_column(read).await.into_iter().flatten() {
        let [table, name, kind, generated] = row.split('|').collect::<Vec<_>>()[..] else {
            panic!("expected four columns: {row}");
        };
        if tables.last().is_none_or(|it| it.name != table) {
            tables.push(Table { name: table.to_owned(), columns: Vec::new() });
        }
        let is_generated = generated == "true";
        let column = Column { name: name.to_owned(), kind: kind.to_owned(), is_generated };
        tables.last_mut().unwrap().columns.push(column);
    }
    tables
}

impl Table {
    /// The columns that can be written.
    pub(super) fn writable(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|it| !it.is_generated)
    }
}

impl Column {
    /// A value that names no other column, so that writing it needs no right to read.
    pub(super) fn sample(&self) -> &'static str {
        match self.kind.as_str() {
            "uuid" => "gen_random_uuid()",
            "boolean" => "true",
            "bytea" => "'\\x00'",
            "jsonb" => "'{}'",
            "smallint" | "integer" | "bigint" => "1",
            "timestamp with time zone" => "now()",
            _ => "'x'",
        }
    }
}
