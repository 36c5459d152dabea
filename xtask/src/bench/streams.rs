//! `cargo xtask bench streams`: replies streamed to many users at once.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, ensure};
use clap::Args;
use ignacio_devstack::openai::Script;

use super::{
    disconnects,
    load::{self, Measured, Observed, Scenario, Target, address},
    report::{Report, Row},
    stack::Stack,
    statistics::{number, per, split},
};
use crate::programs::{build_ignacio, build_optimised_ignacio};

/// The 99th percentile of the delay up to which a rate counts as sustained, in milliseconds.
const DELAY_LIMIT: f64 = 10.0;
/// How many times more tokens the second run has that separates work per token from work per second.
const SPLIT_FACTOR: u32 = 4;

/// The sizes of the measurements that have no option of their own.
struct Sizes {
    /// Streams that warm the service up before a measurement.
    warm_up: usize,
    /// Streams with which the highest sustained rate is searched, and the seconds for each rate.
    relay: (usize, u64),
    /// Tokens per second of each of them, tried in this order.
    relay_rates: &'static [u32],
    /// Streams of the two runs that separate work per token from work per second.
    split: usize,
    /// Users who disconnect, and as many who cancel.
    disconnects: usize,
}

/// The measurement.
const FULL: Sizes = Sizes {
    warm_up: 10,
    relay: (50, 5),
    relay_rates: &[200, 400, 600, 800, 1_000],
    split: 100,
    disconnects: 20,
};

/// The smallest run of the same code.
const QUICK: Sizes =
    Sizes { warm_up: 0, relay: (1, 1), relay_rates: &[20], split: 1, disconnects: 1 };

/// Measure replies streamed to many users at once.
///
/// Starts a private PostgreSQL, stand-ins, and the optimised `ignacio serve --with-worker` as a
/// separate process. The OpenAI stand-in writes tokens at a fixed rate, each with its number and a
/// timestamp, so the client sees delays, losses, duplicates and reordering in whatever framing.
/// Prints a table; fails if a token was lost, duplicated or out of order. Run it while nothing else
/// runs: the table shows how busy the rest of the machine was.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask bench streams
  cargo xtask bench streams --streams 1000 --seconds 30 --json target/streams.json
  cargo xtask bench streams --streams 100 --rows-only
  cargo xtask bench streams --ignacio /tmp/ignacio-before     measure an existing build of the program
  cargo xtask bench streams --quick            check that the benchmark works")]
pub(crate) struct Streams {
    /// How many concurrent streams; one measurement for each number.
    #[arg(long = "streams", value_delimiter = ',', default_values_t = [1, 100, 1_000])]
    at_once: Vec<usize>,
    /// Tokens per second of each stream.
    #[arg(long, default_value_t = 10)]
    rate: u32,
    /// How many seconds each measurement takes once all streams run.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many streams are opened per second.
    #[arg(long, default_value_t = 100)]
    opened_per_second: u32,
    /// Skip the highest sustained rate, the cost of the event log, and disconnecting users.
    #[arg(long)]
    rows_only: bool,
    /// Also write the results to this file as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// The program to measure, instead of building it.
    #[arg(long)]
    ignacio: Option<PathBuf>,
    /// Run every measurement once at its smallest size, without optimisation. The figures mean
    /// nothing.
    #[arg(long, conflicts_with_all = ["at_once", "seconds", "rows_only"])]
    quick: bool,
}

/// The stack under measurement, and the load on it.
struct Bench {
    sizes: Sizes,
    stack: Stack,
    scenario: Scenario,
    most: usize,
}

impl Streams {
    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }

    pub(crate) async fn run(mut self) -> anyhow::Result<ExitCode> {
        ensure!(self.rate > 0 && self.opened_per_second > 0, "a rate of zero never ends");
        let sizes = if self.quick { QUICK } else { FULL };
        if self.quick {
            (self.at_once, self.seconds) = (vec![1], 1);
        }
        let ignacio = match self.ignacio.clone() {
            Some(path) => path,
            None if self.quick => tokio::task::spawn_blocking(build_ignacio).await??,
            None => tokio::task::spawn_blocking(build_optimised_ignacio).await??,
        };
        let scenario = Scenario {
            rate: self.rate,
            seconds: self.seconds.max(1),
            opened_per_second: self.opened_per_second,
            is_followed: true,
        };
        let most = self.at_once.iter().copied().max().unwrap_or_default().max(sizes.split) * 2;
        let stack = Box::pin(Stack::start(ignacio)).await.context("the stack cannot start")?;
        let mut bench = Bench { sizes, stack, scenario, most };
        let mut report = Report::new(self.rate, self.seconds);
        for n_streams in &self.at_once {
            report.rows.push(Box::pin(bench.row(*n_streams)).await?);
        }
        if !self.rows_only {
            Box::pin(bench.relay(&mut report)).await?;
            Box::pin(bench.log(&mut report)).await?;
            report.disconnects = Some(Box::pin(bench.disconnects()).await?);
        }
        println!("\n{}", report.markdown());
        if let Some(path) = &self.json {
            std::fs::write(path, serde_json::to_string_pretty(&report)? + "\n")?;
        }
        Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Bench {
    /// Measures streams and followers, and the stand-in without the service as a baseline.
    async fn row(&mut self, n_streams: usize) -> anyhow::Result<Row> {
        println!("{n_streams} streams …");
        let service = self.measure(n_streams, self.scenario).await?;
        println!("{n_streams} streams, directly from the stand-in …");
        let alone = Scenario { is_followed: false, ..self.scenario };
        let straight = self.straight(n_streams, alone).await?;
        Ok(Row::of(&service, &straight))
    }

    /// Puts the load on a newly started service.
    async fn measure(&mut self, n_streams: usize, scenario: Scenario) -> anyhow::Result<Measured> {
        let running = self.stack.serve(self.most).await?;
        let observed = Observed { service: running.pid, postmaster: self.stack.postmaster()? };
        let target = Target::Service(running.api);
        if self.sizes.warm_up > 0 {
            let warm = Scenario { rate: 10, seconds: 1, is_followed: true, ..scenario };
            self.put(self.sizes.warm_up, warm, target, observed).await?;
        }
        let measured = self.put(n_streams, scenario, target, observed).await?;
        running.stop().await;
        if measured.n_broken > 0 {
            let log = std::fs::read_to_string(self.stack.log()).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(5).collect();
            println!("  {} streams broke: {:?}", measured.n_broken, measured.broken);
            println!("  the end of the service's log, last line first:\n{}", last.join("\n"));
        }
        Ok(measured)
    }

    /// Puts the load directly on the stand-in.
    async fn straight(&mut self, n_streams: usize, scenario: Scenario) -> anyhow::Result<Measured> {
        let target = Target::StandIn(address(&self.stack.openai.base_url())?);
        let own = std::process::id();
        let observed = Observed { service: own, postmaster: self.stack.postmaster()? };
        self.put(n_streams, scenario, target, observed).await
    }

    async fn put(
        &mut self,
        n_streams: usize,
        scenario: Scenario,
        target: Target,
        observed: Observed,
    ) -> anyhow::Result<Measured> {
        let users = self.stack.users(n_streams).await?;
        self.stack.openai.reset();
        self.stack.openai.script(Script::ticking(scenario.rate, scenario.tokens(n_streams)));
        load::run(scenario, target, users, observed).await
    }

    /// Searches for the highest rate that is relayed without delay.
    async fn relay(&mut self, report: &mut Report) -> anyhow::Result<()> {
        let (n_streams, seconds) = self.sizes.relay;
        for &rate in self.sizes.relay_rates {
            println!("{n_streams} streams at {rate} tokens/s …");
            let scenario = Scenario { rate, is_followed: false, seconds, ..self.scenario };
            let measured = self.measure(n_streams, scenario).await?;
            report.relayed(rate, &measured);
            if measured.delay.p99 > DELAY_LIMIT {
                break;
            }
        }
        Ok(())
    }

    /// Measures what the service does per token, and what per second of a stream.
    async fn log(&mut self, report: &mut Report) -> anyhow::Result<()> {
        let n_streams = self.sizes.split;
        println!("{n_streams} streams at two rates …");
        let few = Scenario { is_followed: false, ..self.scenario };
        let many = Scenario { rate: few.rate * SPLIT_FACTOR, ..few };
        let few = self.measure(n_streams, few).await?;
        let many = self.measure(n_streams, many).await?;
        let streams = number(u64::try_from(n_streams)?);
        let point = |it: &Measured, work: f64| {
            let tokens = number(u64::try_from(it.n_tokens).unwrap_or(u64::MAX));
            let length = it.seconds * streams;
            (per(tokens, length), per(work, length) * 1e6)
        };
        let service = split(point(&few, few.work.service), point(&many, many.work.service));
        let postgres = split(point(&few, few.work.postgres), point(&many, many.work.postgres));
        report.split_into(service, postgres);
        report.faults.add(few.faults);
        report.faults.add(many.faults);
        report.n_broken += few.n_broken + many.n_broken;
        Ok(())
    }

    /// Measures what becomes of replies whose readers disconnect, and of cancelled ones.
    async fn disconnects(&mut self) -> anyhow::Result<disconnects::Disconnects> {
        let n_users = self.sizes.disconnects;
        println!("{n_users} users disconnect, {n_users} cancel …");
        let users = self.stack.users(n_users * 2).await?;
        self.stack.openai.reset();
        self.stack.openai.script(Script::ticking(10, disconnects::TOKENS));
        let running = self.stack.serve(self.most).await?;
        let disconnects = disconnects::measure(running.api, &users, &self.stack.openai).await?;
        running.stop().await;
        Ok(disconnects)
    }
}
