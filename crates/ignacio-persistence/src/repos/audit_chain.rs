//! Checks the audit log's hash chain, independently of the code that made it.

use std::fmt;
use std::str::FromStr;

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, FromQueryResult,
    TransactionTrait as _, raw_sql,
};
use thiserror::Error;

use crate::error::StoreError;

/// How many events are checked per query.
const BATCH: i64 = 10_000;
/// The hash that precedes the first event.
const BEGINNING: [u8; 32] = [0; 32];

/// The end of the chain. A copy of it kept elsewhere proves later that nothing up to there was
/// changed, not even by an attacker who could recompute all hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the last event; 0 before the first.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

impl fmt::Display for AuditHead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.seq, hex::encode(&self.hash))
    }
}

/// A text that is no end of a chain.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("an end of the chain is written as NUMBER:HASH, with 64 hexadecimal digits")]
pub struct AuditHeadError;

impl FromStr for AuditHead {
    type Err = AuditHeadError;

    fn from_str(text: &str) -> Result<Self, AuditHeadError> {
        let (seq, digits) = text.trim().split_once(':').ok_or(AuditHeadError)?;
        let seq = seq.parse().ok().filter(|it| *it >= 0).ok_or(AuditHeadError)?;
        let hash = hex::decode(digits).ok().filter(|it| it.len() == 32).ok_or(AuditHeadError)?;
        Ok(Self { seq, hash })
    }
}

/// A way in which the chain is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditFault {
    /// An event's content does not match its hash.
    Changed {
        /// Its number.
        seq: i64,
    },
    /// An event does not follow the one before it: one of them was moved.
    Unlinked {
        /// Its number.
        seq: i64,
    },
    /// Events are missing.
    Missing {
        /// The first missing one.
        first: i64,
        /// The last.
        last: i64,
    },
    /// The last event is not the one that the chain's end names.
    WrongEnd {
        /// What the end names.
        head: AuditHead,
    },
    /// The chain no longer contains an end that was noted.
    Rewritten {
        /// What was noted.
        noted: AuditHead,
    },
}

impl fmt::Display for AuditFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { seq } => write!(out, "event {seq} was changed"),
            Self::Unlinked { seq } => write!(out, "event {seq} does not follow the one before it"),
            Self::Missing { first, last } if first == last => {
                write!(out, "event {first} is missing")
            }
            Self::Missing { first, last } => write!(out, "events {first} to {last} are missing"),
            Self::WrongEnd { head } => {
                write!(out, "the chain should end with event {}, which is not its last", head.seq)
            }
            Self::Rewritten { noted } => {
                write!(
                    out,
                    "event {} is not the one that was noted: the chain was rewritten",
                    noted.seq
                )
            }
        }
    }
}

/// What a check of the whole chain found.
#[derive(Clone, Debug)]
pub struct AuditReport {
    /// How many events there are.
    pub n_events: i64,
    /// Where the chain ends.
    pub head: AuditHead,
    /// The faults; empty when the chain is intact.
    pub faults: Vec<AuditFault>,
}

#[derive(FromQueryResult)]
struct LinkRow {
    seq: i64,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
    is_intact: bool,
}

#[derive(FromQueryResult)]
struct HeadRow {
    seq: i64,
    hash: Vec<u8>,
}

/// Walks the chain in one snapshot. `progress` receives the number of events so far.
pub(crate) async fn verify(
    db: &DatabaseConnection,
    noted: Option<&AuditHead>,
    progress: impl FnMut(i64),
) -> Result<AuditReport, StoreError> {
    let txn = db.begin().await?;
    restrict(&txn).await?;
    let report = walk(&txn, noted, progress).await?;
    txn.rollback().await?;
    Ok(report)
}

async fn walk(
    txn: &DatabaseTransaction,
    noted: Option<&AuditHead>,
    mut progress: impl FnMut(i64),
) -> Result<AuditReport, StoreError> {
    let read = raw_sql!(Postgres, "select seq, hash from public.audit_heads");
    let head = HeadRow::find_by_statement(read).one(txn).await?;
    let head = head.ok_or(StoreError::corrupt("audit_heads", "seq"))?;
    let head = AuditHead { seq: head.seq, hash: head.hash };
    let mut walk =
        Walk { last: AuditHead { seq: 0, hash: BEGINNING.to_vec() }, faults: Vec::new() };
    let mut is_noted_found = noted.is_none_or(|it| *it == walk.last);
    let mut n_events = 0;
    for stray in links_between(txn, i64::MIN, 0).await? {
        walk.faults.push(AuditFault::Unlinked { seq: stray.seq });
    }
    loop {
        let links = links_between(txn, walk.last.seq + 1, i64::MAX).await?;
        let Some(_) = links.last() else { break };
        for link in links {
            n_events += 1;
            walk.step(link);
            is_noted_found |= noted == Some(&walk.last);
        }
        progress(n_events);
    }
    let mut faults = walk.faults;
    if walk.last != head {
        faults.push(AuditFault::WrongEnd { head: head.clone() });
    }
    if let (Some(noted), false) = (noted, is_noted_found) {
        faults.push(AuditFault::Rewritten { noted: noted.clone() });
    }
    Ok(AuditReport { n_events, head: walk.last, faults })
}

/// The next links of the chain, by number. The hash is computed here and not by our function in the
/// database, which an attacker could have changed too.
async fn links_between(
    txn: &DatabaseTransaction,
    first: i64,
    last: i64,
) -> Result<Vec<LinkRow>, StoreError> {
    let read = raw_sql!(
        Postgres,
        "select seq, prev_hash, hash,
                hash = sha256(prev_hash || convert_to(
                    jsonb_build_array(
                        seq, id, (extract(epoch from created_at) * 1000000)::bigint, actor_id,
                        actor_name, actor_role, action, subject_id, target_id, reason,
                        detail)::text,
                    'UTF8')) as is_intact
           from public.audit_events where seq between {first} and {last}
          order by seq limit {BATCH}"
    );
    Ok(LinkRow::find_by_statement(read).all(txn).await?)
}

struct Walk {
    last: AuditHead,
    faults: Vec<AuditFault>,
}

impl Walk {
    fn step(&mut self, link: LinkRow) {
        let next = self.last.seq + 1;
        if link.seq > next {
            self.faults.push(AuditFault::Missing { first: next, last: link.seq - 1 });
        } else if link.prev_hash != self.last.hash {
            self.faults.push(AuditFault::Unlinked { seq: link.seq });
        }
        if !link.is_intact {
            self.faults.push(AuditFault::Changed { seq: link.seq });
        }
        self.last = AuditHead { seq: link.seq, hash: link.hash };
    }
}

/// Restricts a transaction to reading the chain, all of it in one snapshot, and to Postgres' own
/// functions: the owner of a schema could put others of the same name there.
async fn restrict(txn: &DatabaseTransaction) -> Result<(), StoreError> {
    let restrict = "set transaction isolation level repeatable read, read only;
        set local search_path = pg_catalog;
        set local role ignacio_owner; set local role ignacio_definer";
    txn.execute_unprepared(restrict).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Ends of the chain are parsed as they are written.

    use super::*;

    #[test]
    fn an_end_can_be_printed_and_parsed() {
        let head = AuditHead { seq: 12, hash: vec![0xab; 32] };
        assert_eq!(head.to_string().parse(), Ok(head));
        for bad in ["", "12", "12:", "x:00", "-1:00", &format!("1:{}", "zz".repeat(32))] {
            assert_eq!(bad.parse::<AuditHead>(), Err(AuditHeadError), "{bad}");
        }
    }
}
