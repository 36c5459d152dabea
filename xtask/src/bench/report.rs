//! The results, as Markdown tables and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    disconnects::Disconnects,
    load::Measured,
    statistics::{Spread, number, per},
    tokens::Faults,
};

/// All results.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    rate: u32,
    seconds: u64,
    pub(super) rows: Vec<Row>,
    relay: Vec<Relay>,
    split: Option<Split>,
    pub(super) disconnects: Option<Disconnects>,
    /// Faults of the measurements without a row.
    pub(super) faults: Faults,
    pub(super) n_broken: usize,
}

/// The results for one number of streams.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    streams: usize,
    tokens: usize,
    tokens_per_second: f64,
    /// Milliseconds to the first delta minus the provider's own, and per delta.
    first: Spread,
    delay: Spread,
    /// The delay without the service: the share of stand-in and client.
    straight: Spread,
    faults: Faults,
    broken: usize,
    /// Microseconds of CPU time per token.
    service_per_token: f64,
    postgres_per_token: f64,
    stand_in_per_token: f64,
    client_per_token: f64,
    /// Percent of one CPU that the service uses per stream.
    service_per_stream: f64,
    /// Percent of the whole machine that other processes used, and that was idle.
    others: f64,
    idle: f64,
    load_average: String,
    /// Resident memory of the idle service, and additional KiB per stream and per follower.
    rest_mib: f64,
    kib_per_stream: f64,
    kib_per_follower: f64,
    /// Milliseconds from a follower's request to its first event.
    replayed: Spread,
}

/// A tried token rate.
#[derive(Debug, Serialize)]
struct Relay {
    rate: u32,
    tokens_per_second: f64,
    delay: Spread,
    service_per_token: f64,
    others: f64,
    broken: usize,
}

/// Work per token, and per second of a stream, in microseconds.
#[derive(Debug, Serialize)]
struct Split {
    service_per_token: f64,
    service_per_second: f64,
    postgres_per_token: f64,
    postgres_per_second: f64,
}

impl Row {
    pub(super) fn of(service: &Measured, straight: &Measured) -> Self {
        let streams = number(u64::try_from(service.n_streams).unwrap_or(u64::MAX));
        let [rest, with_streams, with_followers] = service.resident.map(number);
        let work = service.work;
        let (others, idle) = shares(service);
        Self {
            streams: service.n_streams,
            tokens: service.n_tokens,
            tokens_per_second: per(
                number(u64::try_from(service.n_tokens).unwrap_or(u64::MAX)),
                service.seconds,
            ),
            first: service.first,
            delay: service.delay,
            straight: straight.delay,
            faults: service.faults,
            broken: service.n_broken + straight.n_broken,
            service_per_token: per_token(service, work.service),
            postgres_per_token: per_token(service, work.postgres),
            stand_in_per_token: per_token(service, work.stand_ins),
            client_per_token: per_token(service, work.client),
            service_per_stream: per(work.service * 100.0, service.seconds * streams),
            others,
            idle,
            load_average: service.load_average.clone(),
            rest_mib: rest / 1024.0,
            kib_per_stream: per(with_streams - rest, streams),
            kib_per_follower: per(with_followers - with_streams, streams),
            replayed: service.replayed,
        }
    }
}

/// Microseconds per token.
fn per_token(measured: &Measured, seconds: f64) -> f64 {
    per(seconds * 1e6, number(u64::try_from(measured.n_tokens).unwrap_or(u64::MAX)))
}

/// What other processes used of the machine, and what was idle, in percent.
fn shares(measured: &Measured) -> (f64, f64) {
    let work = measured.work;
    let ours = work.service + work.postgres + work.client + work.stand_ins;
    let percent = |seconds: f64| per(seconds.max(0.0) * 100.0, work.available);
    (percent(work.machine - ours), percent(work.available - work.machine))
}

impl Report {
    pub(super) fn new(rate: u32, seconds: u64) -> Self {
        Self {
            rate,
            seconds,
            rows: Vec::new(),
            relay: Vec::new(),
            split: None,
            disconnects: None,
            faults: Faults::default(),
            n_broken: 0,
        }
    }

    /// Adds a tried rate.
    pub(super) fn relayed(&mut self, rate: u32, measured: &Measured) {
        self.faults.add(measured.faults);
        self.n_broken += measured.n_broken;
        let tokens = number(u64::try_from(measured.n_tokens).unwrap_or(u64::MAX));
        self.relay.push(Relay {
            rate,
            tokens_per_second: per(tokens, measured.seconds),
            delay: measured.delay,
            service_per_token: per_token(measured, measured.work.service),
            others: shares(measured).0,
            broken: measured.n_broken,
        });
    }

    /// Sets work per token and per second.
    pub(super) fn split_into(&mut self, service: (f64, f64), postgres: (f64, f64)) {
        self.split = Some(Split {
            service_per_token: service.0,
            service_per_second: service.1,
            postgres_per_token: postgres.0,
            postgres_per_second: postgres.1,
        });
    }

    /// Whether every token arrived once and in order, and every stream completed.
    pub(super) fn is_sound(&self) -> bool {
        let rows = self.rows.iter().map(|it| (it.faults, it.broken));
        let disconnects = self.disconnects.iter().map(|it| (it.faults, it.n_replies - it.n_stored));
        rows.chain(disconnects)
            .chain([(self.faults, self.n_broken)])
            .all(|it| it == (Faults::default(), 0))
    }

    /// The tables.
    pub(super) fn markdown(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _written = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "Streams at {} tokens/s, {} s each. Times in ms; CPU in µs per token.\n",
            self.rate, self.seconds
        )?;
        writeln!(out, "| | {} |", self.cells(|it| format!("{} streams", it.streams)))?;
        writeln!(out, "|---|{}", "---|".repeat(self.rows.len()))?;
        let line = |out: &mut String, name: &str, cell: &dyn Fn(&Row) -> String| {
            writeln!(out, "| {name} | {} |", self.cells(cell))
        };
        line(out, "first delta minus the provider's, p50 / p99", &|it| two(it.first))?;
        line(out, "delay per delta, p50 / p99 / p99.9", &|it| three(it.delay))?;
        line(out, "the same without the service", &|it| three(it.straight))?;
        line(out, "lost / repeated / out of order", &|it| three_faults(it.faults))?;
        line(out, "arrived tokens per second", &|it| format!("{:.0}", it.tokens_per_second))?;
        line(out, "broken streams", &|it| it.broken.to_string())?;
        line(out, "service, CPU per token", &|it| format!("{:.0}", it.service_per_token))?;
        line(out, "Postgres, CPU per token", &|it| format!("{:.0}", it.postgres_per_token))?;
        line(out, "stand-in / client, CPU per token", &|it| {
            format!("{:.0} / {:.0}", it.stand_in_per_token, it.client_per_token)
        })?;
        line(out, "service, % of one CPU per stream", &|it| {
            format!("{:.3}", it.service_per_stream)
        })?;
        line(out, "resident when idle, MiB", &|it| format!("{:.1}", it.rest_mib))?;
        line(out, "resident per stream, KiB", &|it| format!("{:.1}", it.kib_per_stream))?;
        line(out, "resident per follower, KiB", &|it| format!("{:.1}", it.kib_per_follower))?;
        line(out, "resume to first replayed event, p50 / p99", &|it| two(it.replayed))?;
        line(out, "machine: others / idle, %; load average", &|it| {
            format!("{:.0} / {:.0}; {}", it.others, it.idle, it.load_average)
        })?;
        self.write_rest(out)
    }

    fn write_rest(&self, out: &mut String) -> std::fmt::Result {
        if !self.relay.is_empty() {
            writeln!(
                out,
                "\n| streams at | relayed/s | delay p50 / p99 / p99.9 | service, CPU per token | others, % | broken |"
            )?;
            writeln!(out, "|---|---|---|---|---|---|")?;
        }
        for it in &self.relay {
            let (rate, relayed, delay) = (it.rate, it.tokens_per_second, three(it.delay));
            let (cpu, others, broken) = (it.service_per_token, it.others, it.broken);
            writeln!(
                out,
                "| {rate}/s | {relayed:.0} | {delay} | {cpu:.0} | {others:.0} | {broken} |"
            )?;
        }
        if let Some(split) = &self.split {
            let rate = f64::from(self.rate);
            let share = |token: f64, second: f64| per(second * 100.0, token * rate + second);
            writeln!(
                out,
                "\nFrom two rates: the service uses {:.0} µs per token and {:.0} µs per second of a \
                 stream ({:.0} % at {rate} tokens/s), Postgres {:.0} and {:.0} µs. The work per \
                 second is the event log, leases and sessions.",
                split.service_per_token,
                split.service_per_second,
                share(split.service_per_token, split.service_per_second),
                split.postgres_per_token,
                split.postgres_per_second,
            )?;
        }
        if let Some(left) = &self.disconnects {
            writeln!(
                out,
                "\nReaders disconnected from {} replies: {} are stored completely. Cancelling stopped \
                 the provider within {:.0} ms (p50), {:.0} ms at most.",
                left.n_replies, left.n_stored, left.stopped.p50, left.stopped.most
            )?;
        }
        Ok(())
    }

    fn cells(&self, cell: impl Fn(&Row) -> String) -> String {
        let cells: Vec<String> = self.rows.iter().map(cell).collect();
        cells.join(" | ")
    }
}

fn two(spread: Spread) -> String {
    format!("{:.2} / {:.2}", spread.p50, spread.p99)
}

fn three(spread: Spread) -> String {
    format!("{:.2} / {:.2} / {:.2}", spread.p50, spread.p99, spread.p999)
}

fn three_faults(faults: Faults) -> String {
    format!("{} / {} / {}", faults.lost, faults.repeated, faults.reordered)
}

#[cfg(test)]
mod tests {
    //! The tables show the measurements, and every fault is a failure.

    use super::*;

    fn measured() -> Measured {
        Measured {
            n_streams: 2,
            n_tokens: 200,
            seconds: 10.0,
            resident: [10_240, 10_340, 10_380],
            work: crate::bench::load::Work {
                service: 0.01,
                machine: 2.0,
                available: 20.0,
                ..Default::default()
            },
            ..Measured::default()
        }
    }

    #[test]
    fn a_row_is_per_token_and_per_stream() {
        let mut report = Report::new(10, 10);
        report.rows.push(Row::of(&measured(), &Measured::default()));
        let table = report.markdown();
        for line in [
            "| | 2 streams |",
            "| service, CPU per token | 50 |",
            "| service, % of one CPU per stream | 0.050 |",
            "| resident when idle, MiB | 10.0 |",
            "| resident per stream, KiB | 50.0 |",
            "| resident per follower, KiB | 20.0 |",
            "| machine: others / idle, %; load average | 10 / 90;  |",
        ] {
            assert!(table.contains(line), "{line}\n{table}");
        }
        assert!(report.is_sound());
    }

    #[test]
    fn a_fault_anywhere_is_a_failure() {
        let broken = Measured { n_broken: 1, ..measured() };
        let lossy = Measured { faults: Faults { lost: 1, ..Faults::default() }, ..measured() };
        for bad in [broken, lossy] {
            let mut report = Report::new(10, 10);
            report.rows.push(Row::of(&bad, &Measured::default()));
            assert!(!report.is_sound());
            let mut report = Report::new(10, 10);
            report.relayed(200, &bad);
            assert!(!report.is_sound());
        }
    }
}
