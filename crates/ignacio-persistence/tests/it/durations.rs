//! Durations that SQL writes as literals agree with one another and with the code's constants.

use std::collections::{BTreeMap, BTreeSet};

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
        select 'policies ' || tablename, concat(qual, with_check)
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

type Durations = BTreeMap<String, BTreeSet<Duration>>;

/// The intervals of each object. A new literal in SQL needs a row here: a constant if the code knows
/// the duration too, a number if only SQL does.
fn expected() -> Durations {
    let [admin, participant] = [Role::Admin, Role::Participant].map(idle_limit);
    let [lease, keys] = [REPLY_LEASE, KEY_LIFETIME].map(|it| Duration::try_from(it).unwrap());
    // A bucket must outlive the longest window that is counted in it.
    let buckets = PER_NUMBER.map(|limit| limit.window).into_iter().max().unwrap();
    let objects: [(&str, &[Duration]); _] = [
        ("app.append_response_events", &[lease]),
        // The five minutes: how often a session's last use is written.
        ("app.authenticate", &[TOKEN_GRACE, Duration::minutes(5), admin, participant]),
        ("app.current_user_id", &[TOKEN_GRACE]),
        ("app.renew_session", &[TOKEN_GRACE]),
        ("app.revoke_reused_session", &[TOKEN_GRACE]),
        ("app.require_step_up", &[STEP_UP_WINDOW]),
        // How long a stream outlives the replacement of its token.
        ("app.poll_response_events", &[Duration::minutes(15)]),
        // The window of `messages_per_ten_minutes`, and steps to the next day and month.
        ("app.reserve_usage", &[Duration::minutes(10), Duration::days(1), Duration::days(40)]),
        ("default access_grants.expires_at", &[Duration::minutes(30)]),
        ("default idempotency_keys.locked_until", &[Duration::minutes(5)]),
        ("policies idempotency_keys", &[keys]),
        ("policies login_failures", &[Duration::days(400)]),
        ("policies otp_codes", &[Duration::hours(24)]),
        ("policies outbox", &[Duration::days(30)]),
        ("policies rate_buckets", &[buckets + Duration::hours(1)]),
        ("policies user_sessions", &[Duration::days(7)]),
        ("policies webhook_inbox", &[Duration::days(30)]),
    ];
    objects.map(|(name, durations)| (name.to_owned(), durations.iter().copied().collect())).into()
}

#[tokio::test]
async fn sql_and_code_use_the_same_durations() {
    let stack = Stack::start().await;
    let mut found = Durations::new();
    for row in stack.database.query_column(INTERVALS).await {
        let row = row.unwrap();
        let (name, seconds) = row.split_once('|').unwrap();
        let duration = Duration::seconds(seconds.parse().unwrap());
        found.entry(name.to_owned()).or_default().insert(duration);
    }
    assert_eq!(found, expected());
}
