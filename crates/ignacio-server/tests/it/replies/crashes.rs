//! `kill -9` of the process that writes and streams a reply, at each step: the reader reconnects to
//! another process and misses nothing, and the provider was asked once.

use ignacio_devstack::{
    TestDatabase,
    openai::{Effect, Fault},
    scale,
};

use super::{ReplyReader, script_reply, words};
use crate::stack::{SERVE, SERVE_WITH_WORKER, Stack, until};

const PHONE: &str = "+573001110021";
const N_WORDS: usize = 12;
/// The events of the stand-in before the first word: created, queued, in progress, five of the
/// search in the user's documents, the message and its part.
const BEFORE_WORDS: u64 = 10;
/// Of these, the last one during the search.
const SEARCHING: u64 = 6;
/// And those after the last word: the text, the part and the message are done.
const AFTER_WORDS: u64 = 3;
/// The lock that blocks a write.
const LOCK: i64 = 4_711;

/// Where the process is stopped when it is killed.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The provider has the request and does not respond.
    Asked,
    /// The provider has responded, and this many of its events have arrived.
    Heard(u64),
    /// A write to the database waits.
    Writing(Write),
}

/// The writes of a reply, in order.
#[derive(Clone, Copy, Debug)]
enum Write {
    Claim,
    Open,
    ProviderId,
    Words,
    End,
}

impl Write {
    /// What distinguishes it from other writes: a table, an operation, and a condition.
    fn trigger(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Claim => ("responses", "update", "new.lease_epoch > old.lease_epoch"),
            Self::Open => ("responses", "update", "new.started_at is distinct from old.started_at"),
            Self::ProviderId => (
                "responses",
                "update",
                "old.provider_response_id is null and new.provider_response_id is not null",
            ),
            Self::Words => ("response_events", "insert", "new.kind = 'delta'"),
            Self::End => ("responses", "update", "new.state = 'completed'"),
        }
    }
}

impl Step {
    /// All of them, or every n-th.
    fn all() -> Vec<Self> {
        use Write::{Claim, End, Open, ProviderId, Words};
        let writes = [Claim, Open, ProviderId, Words, End].map(Self::Writing);
        let n_words = u64::try_from(N_WORDS).unwrap();
        let heard = (0..=BEFORE_WORDS + n_words + AFTER_WORDS).map(Self::Heard);
        if scale(0, 1) == 1 {
            return [Self::Asked].into_iter().chain(heard).chain(writes).collect();
        }
        let some = [1, SEARCHING, BEFORE_WORDS + n_words / 2].map(Self::Heard);
        let writes = [ProviderId, Words, End].map(Self::Writing);
        [Self::Asked].into_iter().chain(some).chain(writes).collect()
    }

    /// Whether the provider has accepted the request but its id is lost: then it must be requested
    /// again.
    const fn loses_the_id(self) -> bool {
        matches!(self, Self::Asked | Self::Heard(0))
    }

    /// How many words reach the reader before the process is killed.
    fn n_words(self) -> usize {
        match self {
            Self::Heard(n_events) => {
                let n_words = n_events.saturating_sub(BEFORE_WORDS);
                usize::try_from(n_words).unwrap().min(N_WORDS)
            }
            Self::Writing(Write::Words) => 1,
            Self::Writing(Write::End) => N_WORDS,
            Self::Asked | Self::Writing(_) => 0,
        }
    }

    /// Lets the process reach this step and no further.
    async fn prepare(self, stack: &Stack) {
        let stall = |effect| {
            stack.openai.fault(Fault::new(effect).on("POST", "/v1/responses"));
        };
        match self {
            Self::Asked => stall(Effect::StallHeaders),
            Self::Heard(events) => stall(Effect::StallAfterEvents { events }),
            Self::Writing(write) => hold(&stack.database, write).await,
        }
    }

    /// Waits until the process is there.
    async fn reached(self, stack: &Stack, reading: &mut ReplyReader, n_requests: u64) {
        if self.n_words() > 0 {
            reading.read_words(self.n_words()).await;
        }
        until(&format!("{self:?}"), async || match self {
            Self::Asked | Self::Heard(0) => stack.openai.counters().responses > n_requests,
            Self::Heard(_) => reading.column(stack, "provider_response_id").await.is_some(),
            Self::Writing(_) => n_waiting(&stack.database).await > 0,
        })
        .await;
    }

    /// Lets other processes continue, once the killed one's writes have ended.
    async fn advance(self, stack: &Stack) {
        stack.openai.lift_all();
        if let Self::Writing(_) = self {
            stack.database.execute(&format!("select pg_advisory_unlock({LOCK})")).await;
            until("an end of the last write", async || n_waiting(&stack.database).await == 0).await;
            let drop = "drop trigger held on responses; drop trigger held on response_events";
            stack.database.execute(drop).await;
        }
    }
}

/// Blocks one of the writes.
async fn hold(database: &TestDatabase, write: Write) {
    let (table, operation, condition) = write.trigger();
    let other = if table == "responses" { "response_events" } else { "responses" };
    let hold = format!(
        "create or replace function public.hold() returns trigger language plpgsql as $$
         begin perform pg_advisory_xact_lock_shared({LOCK}); return new; end $$;
         select pg_advisory_lock({LOCK});
         create trigger held before {operation} on {table}
             for each row when ({condition}) execute function public.hold();
         create trigger held before truncate on {other}
             for each statement execute function public.hold()"
    );
    database.execute(&hold).await;
}

/// How many other sessions wait for the lock or hold it.
async fn n_waiting(database: &TestDatabase) -> i64 {
    let query = "select count(*) from pg_locks
                  where locktype = 'advisory' and pid <> pg_backend_pid()
                    and database = (select oid from pg_database where datname = current_database())";
    database.query_i64(query).await
}

#[tokio::test]
async fn a_killed_process_loses_no_event_for_its_reader() {
    let mut stack = Stack::start_replicas(&[SERVE, SERVE_WITH_WORKER], &[]).await;
    let ana = stack.participant(PHONE).await;
    ana.document("guía.txt", "Cuenta el saldo del piloto.").await;
    let token = ana.token.clone();
    let words = words(N_WORDS);
    for step in Step::all() {
        let n_requests = stack.openai.counters().responses;
        if step.loses_the_id() {
            // An upstream reply that cannot be found again must never be shown.
            script_reply(&stack, &["palabras de nadie".to_owned()]);
        }
        script_reply(&stack, &words);
        step.prepare(&stack).await;
        let mut reading = ReplyReader::ask(&stack, 1, &token).await;
        reading.follow(&stack, 1).await;
        step.reached(&stack, &mut reading, n_requests).await;

        stack.kill_last_process();
        reading.read_all().await;
        assert!(!reading.is_over(), "{step:?} was too late");
        step.advance(&stack).await;
        let expire = "update responses set lease_until = now() - interval '1 second'
                       where state = 'running'";
        stack.database.execute(expire).await;
        reading.follow(&stack, 0).await;
        stack.start_replica(SERVE_WITH_WORKER);
        reading.read_all().await;

        reading.assert_complete(&stack, &words, &format!("{step:?}")).await;
        let searches = reading.seen.iter().filter(|it| it.kind.starts_with("tool.")).count();
        assert_eq!(searches, 2, "{step:?}");
        let n_requests = stack.openai.counters().responses - n_requests;
        assert_eq!(n_requests, if step.loses_the_id() { 2 } else { 1 }, "{step:?}");
    }
    // The lost one costs what a reply may cost, and no more.
    for call in stack.openai.calls_to("POST", "/v1/responses") {
        assert!(call.body.unwrap()["max_output_tokens"].as_u64().is_some());
    }
}
