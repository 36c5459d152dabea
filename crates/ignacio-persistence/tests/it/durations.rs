//! Durations that SQL writes as literals agree with one another and with the code's constants.

use std::collections::BTreeMap;

use ignacio_domain::rate_limit::PER_NUMBER;
use ignacio_domain::session::{STEP_UP_WINDOW, idle_limit};
use ignacio_domain::user::Role;
use ignacio_persistence::{KEY_LIFETIME, REPLY_LEASE};
use time::Duration;

use crate::support::Stack;

/// How long a replaced token still authenticates. Only routines know it.
const TOKEN_GRACE: Duration = Duration::seconds(60);

/// Every interval in a routine, a policy or a column's default, in seconds.
const INTERVALS: &str = "
    with source (name, text) as (
        select 'app.' || proname, prosrc from pg_proc where pronamespace = 'app'::regnamespace
        union all
        select 'policy ' || tablename || '.' || policyname, concat(qual, with_check)
          from pg_policies where schemaname = 'public'
        union all
        select 'default ' || c.relname || '.' || a.attname, pg_get_expr(d.adbin, d.adrelid)
          from pg_attrdef d
          join pg_class c on c.oid = d.adrelid
          join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
         where c.relnamespace = 'public'::regnamespace)
    select distinct name || '|' || extract(epoch from coalesce(found[1], found[2])::interval)::int8
      from source, regexp_matches(
          text, $$interval '([^']+)'|'([^']+)'::interval$$, 'g') as found";

/// The intervals of each object. A new literal in SQL needs a row here: a constant if the code knows
/// the duration too, a number if only SQL does.
fn expected() -> BTreeMap<&'static str, Vec<Duration>> {
    let idle = [idle_limit(Role::Admin), idle_limit(Role::Participant)];
    // A bucket must outlive the longest window that is counted in it.
    let buckets = PER_NUMBER.map(|limit| limit.window).into_iter().max().unwrap();
    let buckets = vec![buckets + Duration::hours(1)];
    let lease = Duration::try_from(REPLY_LEASE).unwrap();
    let keys = vec![Duration::try_from(KEY_LIFETIME).unwrap()];
    let mut expected = BTreeMap::from([
        ("app.append_response_events", vec![lease]),
        // How often a session's last use is written.
        ("app.authenticate", [vec![TOKEN_GRACE, Duration::minutes(5)], idle.into()].concat()),
        ("app.current_user_id", vec![TOKEN_GRACE]),
        ("app.renew_session", vec![TOKEN_GRACE]),
        ("app.revoke_reused_session", vec![TOKEN_GRACE]),
        ("app.require_step_up", vec![STEP_UP_WINDOW]),
        // How long a stream outlives the replacement of its token.
        ("app.poll_response_events", vec![Duration::minutes(15)]),
        // The window of `Limits::messages_per_ten_minutes`, and steps to the next day and month.
        ("app.reserve_usage", vec![Duration::minutes(10), Duration::days(1), Duration::days(40)]),
        ("default access_grants.expires_at", vec![Duration::minutes(30)]),
        ("default idempotency_keys.locked_until", vec![Duration::minutes(5)]),
    ]);
    for (table, kept) in [
        ("idempotency_keys", keys),
        ("login_failures", vec![Duration::days(400)]),
        ("otp_codes", vec![Duration::hours(24)]),
        ("outbox", vec![Duration::days(30)]),
        ("rate_buckets", buckets),
        ("user_sessions", vec![Duration::days(7)]),
        ("webhook_inbox", vec![Duration::days(30)]),
    ] {
        expected.insert(table, kept);
    }
    expected.values_mut().for_each(|durations| durations.sort());
    expected
}

#[tokio::test]
async fn sql_and_code_use_the_same_durations() {
    let stack = Stack::start().await;
    let mut found = BTreeMap::<String, Vec<Duration>>::new();
    for row in stack.database.query_column(INTERVALS).await {
        let row = row.unwrap();
        let (name, seconds) = row.split_once('|').unwrap();
        // The worker reads and deletes expired rows by two policies with one condition.
        let retention = name.strip_prefix("policy ").and_then(|it| it.split('.').next());
        let durations = found.entry(retention.unwrap_or(name).to_owned()).or_default();
        let duration = Duration::seconds(seconds.parse().unwrap());
        if !durations.contains(&duration) {
            durations.push(duration);
        }
    }
    found.values_mut().for_each(|durations| durations.sort());
    let found: BTreeMap<&str, Vec<Duration>> =
        found.iter().map(|(name, durations)| (name.as_str(), durations.clone())).collect();
    assert_eq!(found, expected());
}
