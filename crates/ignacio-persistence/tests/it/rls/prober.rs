//! Tries statements as an actor: each in a subtransaction that is rolled back, a whole list in one
//! round trip.

use futures_util::TryStreamExt as _;
use ignacio_devstack::TestDatabase;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, PgConnection};

use super::actors::Actor;

/// Something to try, in one or more ways: the result is that of the way that gets furthest.
pub(super) struct Probe {
    pub(super) what: String,
    pub(super) ways: Vec<String>,
}

/// A list of probes, rendered once for all actors.
pub(super) struct Probes {
    pub(super) whats: Vec<String>,
    ways: String,
}

impl From<Vec<Probe>> for Probes {
    fn from(probes: Vec<Probe>) -> Self {
        let ways: Vec<_> = probes.iter().map(|it| &it.ways).collect();
        let ways = serde_json::to_string(&ways).unwrap();
        Self { whats: probes.into_iter().map(|it| it.what).collect(), ways }
    }
}

/// An actor's connection.
pub(super) struct Prober {
    pub(super) actor: Actor,
    url: String,
    connection: PgConnection,
}

/// The result of a way: a number of rows, `E` for 42501, or another SQLSTATE. A way that touches
/// rows is best, one that is not refused second best.
const TRY_ALL: &str = r"
do $$
declare
    v_ways    jsonb;
    v_way     text;
    v_rows    bigint;
    v_one     text;
    v_best    text;
    v_answers jsonb := '[]';
begin
    for v_ways in select * from jsonb_array_elements(current_setting('probe.ways')::jsonb) loop
        v_best := null;
        for v_way in select * from jsonb_array_elements_text(v_ways) loop
            begin
                execute v_way;
                get diagnostics v_rows = row_count;
                raise exception using errcode = 'PR000', message = v_rows::text;
            exception when others then
                v_one := case sqlstate when 'PR000' then sqlerrm when '42501' then 'E'
                                       else sqlstate end;
            end;
            if v_best is null or v_best = 'E' or v_one ~ '^[0-9]{1,4}$' then
                v_best := v_one;
            end if;
            exit when v_best ~ '^[0-9]{1,4}$';
        end loop;
        v_answers := v_answers || to_jsonb(v_best);
    end loop;
    perform set_config('probe.answers', v_answers::text, true);
end $$;
";

impl Prober {
    pub(super) async fn connect(actor: Actor, database: &TestDatabase) -> Self {
        let url = actor.url(database);
        let connection = PgConnection::connect(&url).await.unwrap();
        Self { actor, url, connection }
    }

    /// The result of each probe. An actor that cannot even authenticate has one result for all of
    /// them.
    pub(super) async fn try_all(&mut self, probes: &Probes) -> Vec<String> {
        if let Err(error) = self.begin().await {
            self.run("rollback").await.unwrap();
            return vec![state(&error); probes.whats.len()];
        }
        sqlx::query("select set_config('probe.ways', $1, true)")
            .bind(&probes.ways)
            .execute(&mut self.connection)
            .await
            .unwrap();
        self.run(TRY_ALL).await.unwrap();
        let read = "select current_setting('probe.answers')";
        let answers: String =
            sqlx::query_scalar(read).fetch_one(&mut self.connection).await.unwrap();
        self.run("rollback").await.unwrap();
        serde_json::from_str(&answers).unwrap()
    }

    /// The number of rows of `copy … to stdout`, or why it failed.
    pub(super) async fn copy_out(&mut self, table: &str) -> String {
        let copy = format!("copy {table} to stdout");
        // If a query for rows is refused, the client loses track of the results; if a request to
        // send rows is refused, it does not. So the many refusals are found the second way.
        let refused = match self.begin().await {
            Ok(()) => self.connection.copy_in_raw(&copy).await.err(),
            Err(error) => Some(error),
        };
        if let Some(error) = refused.filter(|it| it.as_database_error().is_some()) {
            self.run("rollback").await.unwrap();
            return state(&error);
        }
        self.connection = PgConnection::connect(&self.url).await.unwrap();
        self.begin().await.unwrap();
        let lines = self.connection.copy_out_raw(&copy).await.unwrap();
        let n_rows = lines.try_collect::<Vec<_>>().await.unwrap().len();
        self.run("rollback").await.unwrap();
        n_rows.to_string()
    }

    /// The result of `copy … from stdin` with no rows.
    pub(super) async fn copy_in(&mut self, table: &str) -> String {
        let rows = match self.begin().await {
            Ok(()) => self.rows_in(table).await,
            Err(error) => Err(error),
        };
        self.run("rollback").await.unwrap();
        rows.map_or_else(|error| state(&error), |rows| rows.to_string())
    }

    async fn rows_in(&mut self, table: &str) -> Result<u64, sqlx::Error> {
        let sink = self.connection.copy_in_raw(&format!("copy {table} from stdin")).await?;
        sink.finish().await
    }

    async fn begin(&mut self) -> Result<(), sqlx::Error> {
        let enters = self.actor.enters;
        self.run("begin; set local statement_timeout = 0").await.unwrap();
        self.run(enters).await
    }

    async fn run(&mut self, statement: &str) -> Result<(), sqlx::Error> {
        let run = sqlx::raw_sql(AssertSqlSafe(statement));
        run.execute(&mut self.connection).await.map(|_| ())
    }
}

fn state(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let code = code.unwrap_or_else(|| panic!("not the server's word: {error}"));
    if code == "42501" { "E".to_owned() } else { code.into_owned() }
}
