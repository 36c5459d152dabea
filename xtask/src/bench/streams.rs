//! `cargo xtask bench streams`: replies that are streamed to many people at once.

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
use crate::programs::build_optimised_ignacio;

/// How many streams the greatest rate is looked for with.
const RELAY_STREAMS: usize = 50;
/// Tokens per second of each of them, tried one after the other.
const RELAY_RATES: [u32; 5] = [200, 400, 600, 800, 1_000];
/// The delay that a rate must not go beyond, in milliseconds: the 99th percentile.
const RELAY_LIMIT: f64 = 10.0;
/// How many streams, and how many times the tokens, tell work per token from work per second.
const SPLIT_STREAMS: usize = 100;
const SPLIT_FACTOR: u32 = 4;
/// What a service does for the first time is not measured.
const WARM_UP: (usize, u64) = (10, 1);

/// Measure replies that are streamed to many people at once.
///
/// Starts a private PostgreSQL, stand-ins, and the optimised `ignacio serve --with-worker` as a
/// process of its own. The OpenAI stand-in writes tokens at a fixed rate, each with its number and
/// the clock, so that delay, loss, repetition and order are seen in what arrives, whatever the
/// framing. Prints a table; fails when a token was lost, repeated or out of order. Run it while
/// nothing else runs: the table says how busy the rest of the machine was.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask bench streams
  cargo xtask bench streams --streams 1000 --seconds 30 --json target/streams.json
  cargo xtask bench streams --streams 100 --rows-only
  cargo xtask bench streams --ignacio /tmp/ignacio-before     measure a program that is built already")]
pub(crate) struct Streams {
    /// How many streams at once, one measurement for each number.
    #[arg(long = "streams", value_delimiter = ',', default_values_t = [1, 100, 1_000])]
    at_once: Vec<usize>,
    /// Tokens per second of each stream.
    #[arg(long, default_value_t = 10)]
    rate: u32,
    /// How long each measurement takes, once all streams run.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many streams are opened per second.
    #[arg(long, default_value_t = 100)]
    opened_per_second: u32,
    /// Only the measurement per number of streams: not the greatest rate, the cost of the log, and
    /// what happens when people leave.
    #[arg(long)]
    rows_only: bool,
    /// Also write what was measured as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// The program to measure, instead of building it.
    #[arg(long)]
    ignacio: Option<PathBuf>,
}

/// One bench: the stack, and how it is loaded.
struct Bench {
    stack: Stack,
    scenario: Scenario,
    most: usize,
}

impl Streams {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        ensure!(self.rate > 0 && self.opened_per_second > 0, "nothing per second takes for ever");
        let ignacio = match self.ignacio.clone() {
            Some(path) => path,
            None => tokio::task::spawn_blocking(build_optimised_ignacio).await??,
        };
        let scenario = Scenario {
            rate: self.rate,
            seconds: self.seconds.max(1),
            opened_per_second: self.opened_per_second,
            is_followed: true,
        };
        let most = self.at_once.iter().copied().max().unwrap_or_default().max(SPLIT_STREAMS) * 2;
        let stack = Box::pin(Stack::start(ignacio)).await.context("the stack does not start")?;
        let mut bench = Bench { stack, scenario, most };
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
    /// Streams, followers, and the stand-in without the service.
    async fn row(&mut self, n_streams: usize) -> anyhow::Result<Row> {
        println!("{n_streams} streams …");
        let service = self.measure(n_streams, self.scenario).await?;
        println!("{n_streams} streams, straight from the stand-in …");
        let alone = Scenario { is_followed: false, ..self.scenario };
        let straight = self.straight(n_streams, alone).await?;
        Ok(Row::of(&service, &straight))
    }

    /// Loads the service, started anew.
    async fn measure(&mut self, n_streams: usize, scenario: Scenario) -> anyhow::Result<Measured> {
        let running = self.stack.serve(self.most).await?;
        let observed = Observed { service: running.pid, postmaster: self.stack.postmaster()? };
        let target = Target::Service(running.api);
        let (n_warm, seconds) = WARM_UP;
        let warm = Scenario { rate: 10, seconds, is_followed: true, ..scenario };
        self.put(n_warm, warm, target, observed).await?;
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

    /// Loads the stand-in itself.
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
        let people = self.stack.people(n_streams).await?;
        self.stack.openai.reset();
        self.stack.openai.script(Script::ticking(scenario.rate, scenario.tokens(n_streams)));
        load::run(scenario, target, people, observed).await
    }

    /// The greatest rate that is relayed without delay.
    async fn relay(&mut self, report: &mut Report) -> anyhow::Result<()> {
        for rate in RELAY_RATES {
            println!("{RELAY_STREAMS} streams at {rate} tokens/s …");
            let scenario = Scenario { rate, is_followed: false, seconds: 5, ..self.scenario };
            let measured = self.measure(RELAY_STREAMS, scenario).await?;
            report.relayed(rate, &measured);
            if measured.delay.p99 > RELAY_LIMIT {
                break;
            }
        }
        Ok(())
    }

    /// What the service does for each token, and what for each second of a stream.
    async fn log(&mut self, report: &mut Report) -> anyhow::Result<()> {
        println!("{SPLIT_STREAMS} streams at two rates …");
        let few = Scenario { is_followed: false, ..self.scenario };
        let many = Scenario { rate: few.rate * SPLIT_FACTOR, ..few };
        let few = self.measure(SPLIT_STREAMS, few).await?;
        let many = self.measure(SPLIT_STREAMS, many).await?;
        let streams = number(u64::try_from(SPLIT_STREAMS)?);
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

    /// What becomes of replies whose readers leave, and of those that are cancelled.
    async fn disconnects(&mut self) -> anyhow::Result<disconnects::Left> {
        println!("{} people leave, {} cancel …", disconnects::PEOPLE, disconnects::PEOPLE);
        let people = self.stack.people(disconnects::PEOPLE * 2).await?;
        self.stack.openai.reset();
        self.stack.openai.script(Script::ticking(10, disconnects::TOKENS));
        let running = self.stack.serve(self.most).await?;
        let left = disconnects::measure(running.api, &people, &self.stack.openai).await?;
        running.stop().await;
        Ok(left)
    }
}
