//! Databases of the old system, and what must hold for each after the import.

use ignacio_devstack::TestDatabase;
use migration::{Applied, LegacyImport, MigrateError, TableCount};
use secrecy::SecretString;

pub(crate) const SCRIPT_1: &str = include_str!("legacy/001.sql");
pub(crate) const SCRIPT_2: &str = include_str!("legacy/002.sql");
pub(crate) const SCRIPT_3: &str = include_str!("legacy/003.sql");
pub(crate) const SCRIPT_4: &str = include_str!("legacy/004.sql");
pub(crate) const ROWS: &str = include_str!("legacy/rows.sql");
pub(crate) const FILES: &str = include_str!("legacy/files.sql");
pub(crate) const SYNC: &str = include_str!("legacy/sync.sql");

/// A database of the old system, created by a deployment's role.
pub(crate) struct LegacyDatabase {
    pub(crate) database: TestDatabase,
    url: SecretString,
}

impl LegacyDatabase {
    /// An empty one, as the deployer.
    pub(crate) async fn empty() -> Self {
        let database = TestDatabase::empty().await;
        let url = database.owner_url().into();
        database.execute("set role ignacio_deployer").await;
        Self { database, url }
    }

    /// All four scripts and the rows.
    pub(crate) async fn whole() -> Self {
        let old = Self::empty().await;
        for script in [SCRIPT_1, SCRIPT_2, SCRIPT_3, SCRIPT_4, ROWS, FILES, SYNC] {
            old.run(script).await;
        }
        old
    }

    /// Migrated by another role from here on.
    pub(crate) fn migrated_by(mut self, url: String) -> Self {
        self.url = url.into();
        self
    }

    /// Runs a script as psql does: a statement that fails does not stop the others.
    pub(crate) async fn run(&self, script: &str) {
        for statement in script.split("\n\n") {
            let lenient = format!(
                "do $outer$ begin execute $inner${statement}$inner$;
                 exception when duplicate_object or duplicate_table or undefined_table then null;
                 end $outer$"
            );
            self.database.execute(&lenient).await;
        }
    }

    pub(crate) async fn migrate(&self) -> Result<Applied, MigrateError> {
        migration::apply(&self.url, &self.database.passwords()).await
    }

    pub(crate) async fn plan(&self) -> Result<Applied, MigrateError> {
        migration::plan(&self.url, &self.database.passwords()).await
    }

    /// Imports the database, whatever else is in it.
    pub(crate) async fn import_unchecked(&self) -> LegacyImport {
        self.database.execute("reset role").await;
        self.migrate().await.unwrap().legacy_import.unwrap()
    }

    /// Plans, which changes nothing, then imports, which does what the plan said, and checks what must
    /// hold for every import.
    pub(crate) async fn import(&self) -> LegacyImport {
        self.database.execute("reset role").await;
        let found = self.row_counts("public").await;
        let before = dump(&self.database, &[]);
        let plan = self.plan().await.unwrap();
        assert_eq!(dump(&self.database, &[]), before);

        let applied = self.migrate().await.unwrap();
        assert_eq!(applied, plan);
        assert_eq!(applied.names, migration::names());
        let import = applied.legacy_import.unwrap();
        self.assert_fresh_schema().await;
        self.assert_legacy_is_closed().await;
        self.assert_rows_add_up(&import, &found).await;

        let again = self.migrate().await.unwrap();
        assert_eq!(again, Applied { names: Vec::new(), scripts: Vec::new(), legacy_import: None });
        import
    }

    /// The schema is that of a database that was empty, apart from foreign objects.
    async fn assert_fresh_schema(&self) {
        let fresh = TestDatabase::create().await;
        assert_same_lines(&schema(&self.database), &schema(&fresh));
        let open = "select coalesce(string_agg(t.tgname, ' '), '') from pg_trigger t
             join pg_class c on c.oid = t.tgrelid
             where c.relnamespace = 'public'::regnamespace and t.tgenabled <> 'O'";
        assert_eq!(self.database.query_text(open).await, fresh.query_text(open).await);
        // An import is not audited.
        if self.database.query_text("select to_regclass('audit_events') is not null").await == "t" {
            assert_eq!(self.database.query_i64("select count(*) from audit_events").await, 0);
        }
    }

    async fn assert_legacy_is_closed(&self) {
        let open = "select coalesce(string_agg(c.relname, ' '), '') from pg_class c
             where c.relnamespace = 'legacy'::regnamespace and c.relkind = 'r'
               and (not (c.relrowsecurity and c.relforcerowsecurity)
                    or pg_get_userbyid(c.relowner) <> 'ignacio_owner'
                    or exists (select 1 from pg_policy p where p.polrelid = c.oid)
                    or exists (select 1 from aclexplode(c.relacl) a where a.grantee <> c.relowner))";
        assert_eq!(self.database.query_text(open).await, "");
        let may_enter = "select coalesce(string_agg(r.rolname, ' '), '') from pg_roles r
             where has_schema_privilege(r.oid, 'legacy', 'usage')
               and not pg_has_role(r.oid, 'ignacio_owner', 'member') and r.rolname !~ '^pg_'";
        assert_eq!(self.database.query_text(may_enter).await, "");
        let ours = "select string_agg(relname, ' ' order by relname) from pg_class
             where relnamespace = 'legacy'::regnamespace and relkind = 'r'
               and relname like 'import%'";
        assert_eq!(self.database.query_text(ours).await, "import_counts import_report");
    }

    /// Each old row was imported, is left, or held a secret and was destroyed.
    async fn assert_rows_add_up(&self, import: &LegacyImport, found: &[(String, i64)]) {
        let counted: Vec<_> = import.tables.iter().map(|it| (it.table.clone(), it.found)).collect();
        let sorted = |mut of: Vec<(String, i64)>| {
            of.sort();
            of
        };
        assert_eq!(sorted(counted), sorted(found.to_vec()));
        for TableCount { table, found, kept, merged, left_over, destroyed } in &import.tables {
            assert_eq!(*found, kept + merged + left_over + destroyed, "{table}");
            let count = |sql: String| async move { self.database.query_i64(&sql).await };
            if ["user_sessions", "otp_codes"].contains(&table.as_str()) {
                assert_eq!(count(format!("select count(*) from public.{table}")).await, 0);
                continue;
            }
            let temporary = i64::from(table == "users" && !self.had_temporary_user(import).await);
            assert_eq!(
                count(format!("select count(*) from public.{table}")).await,
                kept + temporary
            );
            if self.is_left(table).await {
                let left = format!(
                    "select count(*) from legacy.{table} o
                     where not exists (select 1 from public.{table} n where n.id = o.id)"
                );
                assert_eq!(count(left).await, left_over + merged, "{table}");
            } else {
                assert_eq!(*left_over, 0, "{table}");
            }
        }
    }

    /// Whether the nil row is an old one; otherwise 004 created it.
    async fn had_temporary_user(&self, import: &LegacyImport) -> bool {
        let users = import.tables.iter().find(|it| it.table == "users");
        let ours = self.database.query_i64("select count(*) from public.users").await;
        users.is_some_and(|it| it.kept == ours)
    }

    pub(crate) async fn is_left(&self, table: &str) -> bool {
        let there = format!("select to_regclass('legacy.{table}') is not null");
        self.database.query_text(&there).await == "t"
    }

    async fn row_counts(&self, schema: &str) -> Vec<(String, i64)> {
        let mut counts = Vec::new();
        for table in
            ["users", "conversations", "messages", "user_files", "user_sessions", "otp_codes"]
        {
            let there = format!("select to_regclass('{schema}.{table}') is not null");
            if self.database.query_text(&there).await == "t" {
                let count = format!("select count(*) from {schema}.{table}");
                counts.push((table.to_owned(), self.database.query_i64(&count).await));
            }
        }
        counts
    }

    /// The first column of the rows, one per line.
    pub(crate) async fn all(&self, sql: &str) -> String {
        let rows = self.database.query_column(sql).await;
        rows.into_iter().map(|it| it.unwrap_or("NULL".to_owned())).collect::<Vec<_>>().join("\n")
    }
}

/// How many rows the notice like `what` names.
pub(crate) fn noticed_rows(import: &LegacyImport, table: &str, what: &str) -> usize {
    let notice = import.notices.iter().find(|it| it.table == table && it.what.contains(what));
    let Some(notice) = notice else {
        panic!("no notice like `{what}` for {table} in {:#?}", import.notices)
    };
    notice.rows.len()
}

/// The schema by `pg_dump`, without foreign objects.
pub(crate) fn schema(database: &TestDatabase) -> String {
    let dump = dump(database, &["--schema-only", "--exclude-schema=legacy"]);
    let is_ours =
        |line: &&str| !line.is_empty() && !line.starts_with("--") && !line.contains(" EXTENSION ");
    dump.lines().filter(is_ours).collect::<Vec<_>>().join("\n")
}

/// The dump, in a form that is the same as long as nothing changes.
pub(crate) fn dump(database: &TestDatabase, arguments: &[&str]) -> String {
    let dump = database.dump(arguments);
    dump.lines().map(with_sorted_roles).collect::<Vec<_>>().join("\n")
}

/// `pg_dump` names the roles of a policy in the order in which the server happens to store them,
/// which changes while another test sets them up.
fn with_sorted_roles(line: &str) -> String {
    let parts = line.split_once(" TO ").filter(|_| line.starts_with("CREATE POLICY "));
    let Some((start, rest)) = parts else { return line.to_owned() };
    let end = [" USING (", " WITH CHECK (", ";"].iter().filter_map(|it| rest.find(it)).min();
    let (roles, rest) = rest.split_at(end.unwrap_or(rest.len()));
    let mut roles: Vec<&str> = roles.split(", ").collect();
    roles.sort_unstable();
    format!("{start} TO {}{rest}", roles.join(", "))
}

/// Asserts equality by line, so that a failure shows the first difference.
pub(crate) fn assert_same_lines(one: &str, other: &str) {
    for (line, expected) in one.lines().zip(other.lines()) {
        assert_eq!(line, expected);
    }
    assert_eq!(one.lines().count(), other.lines().count());
}
