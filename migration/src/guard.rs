//! What must not be in a database before anything is done to it.

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr, QueryResult, raw_sql};

use crate::error::MigrateError;
use crate::run::FIRST;

/// What the migrations make in `public` besides the tables that the old system had, too.
const OURS: [(&str, &[&str]); 12] = [
    ("006_add_replies", &["responses", "response_events", "message_files", "citations"]),
    ("007_add_file_sync", &["user_vector_stores", "purge_queue"]),
    ("008_add_otp_outbox", &["outbox"]),
    ("011_add_audit", &["audit_events", "audit_heads"]),
    ("012_add_administration", &["access_grants", "erasures"]),
    ("013_add_login_limits", &["rate_buckets", "login_failures", "known_devices", "login_watch"]),
    ("014_add_renewal_and_step_up", &["retired_tokens"]),
    ("015_add_delivery", &["webhook_inbox"]),
    ("016_add_versions", &["message_feedback"]),
    ("017_add_chores", &["chores", "conversation_summaries"]),
    ("018_add_usage", &["usage_records"]),
    ("019_add_idempotency_keys", &["idempotency_keys"]),
];

/// Refuses functions and operators in `public` that are called like one of Postgres' own: where
/// their arguments fit better, they run instead of it, as whoever migrates.
pub(crate) async fn refuse_shadows(txn: &DatabaseTransaction) -> Result<(), MigrateError> {
    let found = names(
        &txn.query_all_raw(raw_sql!(
            Postgres,
            "select 'function ' || p.oid::regprocedure::text as name
               from pg_proc p
              where p.pronamespace = to_regnamespace('public')
                and exists (select 1 from pg_proc b where b.proname = p.proname
                               and b.pronamespace = 'pg_catalog'::regnamespace)
                and not exists (select 1 from pg_depend d where d.classid = 'pg_proc'::regclass
                                   and d.objid = p.oid and d.deptype = 'e')
             union all
             select 'operator ' || o.oid::regoperator::text
               from pg_operator o
              where o.oprnamespace = to_regnamespace('public')
                and exists (select 1 from pg_operator b where b.oprname = o.oprname
                               and b.oprnamespace = 'pg_catalog'::regnamespace)
                and not exists (select 1 from pg_depend d where d.classid = 'pg_operator'::regclass
                                   and d.objid = o.oid and d.deptype = 'e')
              order by 1"
        ))
        .await?,
    )?;
    if found.is_empty() {
        return Ok(());
    }
    Err(MigrateError::NotAdoptable(format!(
        "in the schema public, {} can run in place of Postgres' own; drop or rename them",
        found.join(", ")
    )))
}

/// Refuses what has the name of something of ours that is still to be made; `applied` are the
/// migrations that the log has.
pub(crate) async fn refuse_strangers(
    txn: &DatabaseTransaction,
    applied: &[String],
) -> Result<(), MigrateError> {
    let is_to_come = |name: &str| applied.iter().all(|it| it != name);
    let ours: Vec<String> = OURS
        .iter()
        .filter(|(migration, _)| is_to_come(migration))
        .flat_map(|(_, tables)| tables.iter().map(|it| (*it).to_owned()))
        .collect();
    let mut found = names(
        &txn.query_all_raw(raw_sql!(
            Postgres,
            "select 'public.' || name as name from (
                 select relname::text as name from pg_class
                  where relnamespace = to_regnamespace('public')
                 union
                 select typname::text from pg_type
                  where typnamespace = to_regnamespace('public')) it
              where name = any({ours}) order by 1"
        ))
        .await?,
    )?;
    if is_to_come(FIRST) {
        let schema = raw_sql!(
            Postgres,
            "select 'the schema app' as name from pg_namespace
              where nspname = 'app' and pg_get_userbyid(nspowner) <> 'ignacio_owner'"
        );
        found.extend(names(&txn.query_all_raw(schema).await?)?);
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(MigrateError::NotAdoptable(format!(
        "{} is there already, and no migration made it; rename it or drop it",
        found.join(", ")
    )))
}

fn names(rows: &[QueryResult]) -> Result<Vec<String>, DbErr> {
    rows.iter().map(|row| row.try_get("", "name")).collect()
}
