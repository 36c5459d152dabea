//! The load: concurrent streams at a fixed rate, on a thread and a runtime of their own.

mod streams;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

use self::streams::{ReaderResult, Shared, post_and_read, resume};
pub(super) use self::streams::{Target, message, tokens_of};
use super::{processes, reader::now, stack::User, statistics::Spread, tokens::Faults};

/// How long streams run before the measurement starts.
const SETTLE: Duration = Duration::from_secs(1);

/// How much longer everything may take than the tokens take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The load to apply.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    /// Tokens per second of each stream.
    pub(super) rate: u32,
    /// The length of the measurement.
    pub(super) seconds: u64,
    /// How many streams are opened per second.
    pub(super) opened_per_second: u32,
    /// Whether each stream gets a follower, which joins at a random token.
    pub(super) is_followed: bool,
}

impl Scenario {
    /// How many tokens each stream needs so that all streams run during the measurement.
    pub(super) fn tokens(&self, n_streams: usize) -> u32 {
        let n_streams = u64::try_from(n_streams).unwrap_or(u64::MAX);
        let opening = n_streams.div_ceil(u64::from(self.opened_per_second.max(1)));
        let rounds = if self.is_followed { 2 } else { 1 };
        let seconds = (opening + 2) * rounds + self.seconds + 2;
        u32::try_from(seconds).unwrap_or(u32::MAX).saturating_mul(self.rate)
    }
}

/// The processes whose resource use is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observed {
    pub(super) service: u32,
    pub(super) postmaster: u32,
}

/// CPU time during the measurement, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    pub(super) service: f64,
    pub(super) postgres: f64,
    pub(super) client: f64,
    /// Of this process, without the client.
    pub(super) stand_ins: f64,
    /// Of the whole machine.
    pub(super) machine: f64,
    /// Of all CPUs together, whether used or not.
    pub(super) available: f64,
}

/// The result of a measurement.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    pub(super) n_streams: usize,
    /// The time to the first delta, minus the provider's own.
    pub(super) first: Spread,
    /// From the timestamp in a token to its arrival.
    pub(super) delay: Spread,
    pub(super) faults: Faults,
    /// Streams that did not complete, and why the first of them did not.
    pub(super) n_broken: usize,
    pub(super) broken: Option<String>,
    /// Tokens that arrived during the measurement.
    pub(super) n_tokens: usize,
    pub(super) seconds: f64,
    pub(super) work: Work,
    /// Of the service, in KiB: before the streams, with them, and with their followers.
    pub(super) resident: [u64; 3],
    /// From the request of a follower to its first event.
    pub(super) replayed: Spread,
    pub(super) load_average: String,
}

/// Puts the load on a target, from its own thread.
pub(super) async fn run(
    scenario: Scenario,
    target: Target,
    users: Vec<User>,
    observed: Observed,
) -> anyhow::Result<Measured> {
    let client = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(Box::pin(Load::new(scenario, target, users, observed).measure()))
    };
    let thread = thread::Builder::new().name("load-client".to_owned()).spawn(client)?;
    let ended = tokio::task::spawn_blocking(move || thread.join()).await?;
    ended.map_err(|_panic| anyhow!("the load client panicked"))?
}

struct Load {
    scenario: Scenario,
    observed: Observed,
    shared: Arc<Shared>,
    streams: JoinSet<anyhow::Result<ReaderResult>>,
    followers: JoinSet<anyhow::Result<ReaderResult>>,
}

impl Load {
    fn new(scenario: Scenario, target: Target, users: Vec<User>, observed: Observed) -> Self {
        let count = scenario.tokens(users.len());
        Self {
            scenario,
            observed,
            shared: Arc::new(Shared::new(target, users, count)),
            streams: JoinSet::new(),
            followers: JoinSet::new(),
        }
    }

    async fn measure(mut self) -> anyhow::Result<Measured> {
        let mut measured = Measured::default();
        let n_streams = self.shared.len();
        measured.n_streams = n_streams;
        let rest = processes::resident(self.observed.service);
        self.open(|shared, index, set| drop(set.spawn(post_and_read(shared, index))), false).await;
        self.all_begun(n_streams).await;
        sleep(SETTLE).await;

        let before = Sample::take(self.observed);
        self.shared.begins.store(now(), Ordering::Relaxed);
        sleep(Duration::from_secs(self.scenario.seconds)).await;
        self.shared.ends.store(now(), Ordering::Relaxed);
        let after = Sample::take(self.observed);
        measured.load_average = processes::load_average();
        measured.work = after.since(&before);
        measured.seconds = (after.at - before.at).as_secs_f64();
        let with_streams = processes::resident(self.observed.service);
        measured.resident = [rest, with_streams, with_streams];

        if self.scenario.is_followed {
            self.open(|shared, index, set| drop(set.spawn(resume(shared, index))), true).await;
            self.all_begun(n_streams * 2).await;
            sleep(SETTLE).await;
            measured.resident = [rest, with_streams, processes::resident(self.observed.service)];
        }
        self.end(&mut measured).await;
        Ok(measured)
    }

    /// Opens the streams at the configured rate.
    async fn open(
        &mut self,
        spawn: impl Fn(Arc<Shared>, usize, &mut JoinSet<anyhow::Result<ReaderResult>>),
        are_followers: bool,
    ) {
        let mut ticks = interval(Duration::from_secs(1) / self.scenario.opened_per_second.max(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for index in 0..self.shared.len() {
            ticks.tick().await;
            let set = if are_followers { &mut self.followers } else { &mut self.streams };
            spawn(Arc::clone(&self.shared), index, set);
        }
    }

    /// Waits until this many readers have their first event. `end` reports those that never get one.
    async fn all_begun(&self, count: usize) {
        let limit = Instant::now() + TIMEOUT;
        while self.shared.begun.load(Ordering::Relaxed) < count && Instant::now() < limit {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Reads all streams to their end and collects the results.
    async fn end(mut self, measured: &mut Measured) {
        let count = self.shared.count;
        let tokens = Duration::from_secs(u64::from(count / self.scenario.rate.max(1)));
        let limit = Instant::now() + tokens + TIMEOUT;
        let (mut first, mut delays, mut replayed) = (Vec::new(), Vec::new(), Vec::new());
        for set in [&mut self.streams, &mut self.followers] {
            while let Some(result) = next(set, limit).await {
                match result {
                    Ok(result) => {
                        measured.faults.add(result.order.faults(count));
                        first.extend(result.first);
                        replayed.extend(result.replayed);
                        delays.extend(result.delays);
                    }
                    Err(error) => {
                        measured.n_broken += 1;
                        measured.broken.get_or_insert_with(|| format!("{error:#}"));
                    }
                }
            }
        }
        measured.n_tokens = delays.len();
        measured.first = Spread::of(first);
        measured.delay = Spread::of(delays);
        measured.replayed = Spread::of(replayed);
    }
}

/// The next reader that ends. After the limit the remaining ones are aborted.
async fn next(
    set: &mut JoinSet<anyhow::Result<ReaderResult>>,
    limit: Instant,
) -> Option<anyhow::Result<ReaderResult>> {
    let left = limit.saturating_duration_since(Instant::now());
    match timeout(left, set.join_next()).await {
        Ok(joined) => Some(joined?.context("a reader panicked").flatten()),
        Err(_late) => {
            set.abort_all();
            Some(set.join_next().await?.context("a stream did not end in time").flatten())
        }
    }
}

/// CPU time so far.
struct Sample {
    at: Instant,
    service: Duration,
    postgres: Duration,
    own: Duration,
    client: Duration,
    machine: (Duration, Duration),
}

impl Sample {
    fn take(observed: Observed) -> Self {
        Self {
            at: Instant::now(),
            service: processes::cpu(observed.service),
            postgres: processes::cpu_of_family(observed.postmaster),
            own: processes::cpu(std::process::id()),
            client: processes::cpu_of_this_thread(),
            machine: processes::machine(),
        }
    }

    fn since(&self, before: &Self) -> Work {
        let spent = |now: Duration, then: Duration| now.saturating_sub(then).as_secs_f64();
        let client = spent(self.client, before.client);
        Work {
            service: spent(self.service, before.service),
            postgres: spent(self.postgres, before.postgres),
            client,
            stand_ins: (spent(self.own, before.own) - client).max(0.0),
            machine: spent(self.machine.0, before.machine.0),
            available: spent(self.machine.1, before.machine.1),
        }
    }
}

/// The socket address of a local URL.
pub(super) fn address(url: &str) -> anyhow::Result<SocketAddr> {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let place = place.split('/').next().unwrap_or_default();
    place.parse().with_context(|| format!("{url} is not a local address"))
}
