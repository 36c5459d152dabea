//! What the workers know about logins as a whole, in one row that they share.

use std::fmt;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, FromQueryResult, raw_sql};

use crate::error::StoreError;

/// The prefix of an outage that is caused by the provider's access key.
const CRITICAL: &str = "critical:";

/// The monitor, with the role that may see every challenge.
pub struct LoginMonitor<'d> {
    auth: &'d DatabaseConnection,
}

/// Why no code can be sent to any user until an operator acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderOutage {
    /// The provider's code for it.
    pub code: String,
    /// Whether the provider's access key itself is rejected.
    pub is_critical: bool,
}

/// The state of logins.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct LoginHealth {
    /// Attempts at codes of real users within the last hour.
    pub tries: i64,
    /// Those that did not end in a login.
    pub failures: i64,
    /// Whether limits are currently tighter.
    pub is_alarm: bool,
    provider_outage: Option<String>,
}

#[derive(FromQueryResult)]
struct RaisedRow {
    is_new: bool,
}

impl<'d> LoginMonitor<'d> {
    pub(crate) const fn new(auth: &'d DatabaseConnection) -> Self {
        Self { auth }
    }

    /// The state of logins. Attempts at decoys do not count: they threaten no user, and anyone can
    /// make any number of them.
    #[tracing::instrument(name = "db.login_monitor.health", skip_all, err(level = "debug"))]
    pub async fn health(&self) -> Result<LoginHealth, StoreError> {
        let read = raw_sql!(
            Postgres,
            "select c.tries, c.tries - c.redeemed as failures, w.provider_outage,
                    coalesce(w.alarm_until > now(), false) as is_alarm
               from login_monitor w, (
                    select coalesce(sum(attempts), 0)::int8 as tries, count(redeemed_at) as redeemed
                      from otp_codes
                     where created_at > now() - interval '1 hour' and user_id is not null) c"
        );
        let health = LoginHealth::find_by_statement(read).one(self.auth).await?;
        health.ok_or(StoreError::corrupt("login_monitor", "id"))
    }

    /// Records a check and, if it found too many failures, tightens limits for this long. True if
    /// they were not tight before.
    #[tracing::instrument(name = "db.login_monitor.record_check", skip_all, err(level = "debug"))]
    pub async fn record_check(&self, alarm: Option<Duration>) -> Result<bool, StoreError> {
        let seconds = alarm.map(|it| it.as_secs_f64());
        let write = raw_sql!(
            Postgres,
            "update login_monitor w
                set checked_at = now(),
                    alarm_until = coalesce(
                        now() + make_interval(secs => {seconds}::float8), w.alarm_until)
               from (select id, alarm_until from login_monitor for update) before
              where w.id = before.id
             returning {seconds}::float8 is not null
                   and coalesce(before.alarm_until <= now(), true) as is_new"
        );
        let row = RaisedRow::find_by_statement(write).one(self.auth).await?;
        Ok(row.is_some_and(|row| row.is_new))
    }

    /// Records that nothing can be sent: no worker tries for a while. A code that is sent
    /// nevertheless ends the outage.
    #[tracing::instrument(name = "db.login_monitor.report_outage", skip_all, err(level = "debug"))]
    pub async fn report_outage(&self, fault: &ProviderOutage) -> Result<(), StoreError> {
        let word = fault.to_string();
        let write = raw_sql!(
            Postgres,
            "update login_monitor set provider_outage = {word}, provider_outage_at = now()"
        );
        self.auth.execute_raw(write).await?;
        Ok(())
    }
}

impl LoginHealth {
    /// Why no code can be sent.
    pub fn outage(&self) -> Option<ProviderOutage> {
        self.provider_outage.as_deref().map(ProviderOutage::parse)
    }
}

impl ProviderOutage {
    pub(crate) fn parse(word: &str) -> Self {
        let critical = word.strip_prefix(CRITICAL);
        Self { code: critical.unwrap_or(word).to_owned(), is_critical: critical.is_some() }
    }
}

impl fmt::Display for ProviderOutage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", if self.is_critical { CRITICAL } else { "" }, self.code)
    }
}

#[cfg(test)]
mod tests {
    //! An outage is stored as a word and read back.

    use super::*;

    #[test]
    fn an_outage_reads_back_as_written() {
        for (word, is_critical) in [("132001", false), ("critical:190", true)] {
            let fault = ProviderOutage::parse(word);
            assert_eq!(fault.is_critical, is_critical);
            assert!(fault.code.chars().all(|it| it.is_ascii_digit()), "{}", fault.code);
            assert_eq!(fault.to_string(), word);
        }
    }
}
