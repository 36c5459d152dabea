//! The same queries with the policies on and off, alternating.

use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::{FilledDatabase, assets};
use crate::{postgres_tools, programs};

/// The scripts to measure, and what each does.
const SCRIPTS: [(&str, &str); 5] = [
    ("page.sql", "page of 50 messages, including the session check"),
    ("long_page.sql", "the same, deep in a long conversation"),
    ("list.sql", "list of conversations"),
    ("me.sql", "the current user"),
    ("post.sql", "posting a message, five statements"),
];

/// Switches row level security on or off for every table of the service.
const SWITCH: &str = "do $$ declare t text; begin
    for t in select tablename from pg_tables where schemaname = 'public' loop
        execute format('alter table public.%I MODE row level security', t);
    end loop; end $$;";

/// Measures every script `rounds` times with the policies on and as often with them off.
pub(super) fn measure(database: &FilledDatabase, rounds: u32, seconds: u32) -> anyhow::Result<()> {
    let limit = format!("--time={seconds}");
    println!("\n{:<48} {:>10} {:>10} {:>8}", "transactions per second", "on", "off", "on/off");
    for (script, what) in SCRIPTS {
        let (mut on, mut off) = (Vec::new(), Vec::new());
        // A first run warms the cache, so that neither side pays for the first reads.
        pgbench(database, script, "--transactions=100")?;
        for round in 0..rounds {
            // The order alternates, so that a machine that slows down is fair to both.
            for with_policies in [round % 2 == 0, round % 2 != 0] {
                database.execute(
                    &SWITCH.replace("MODE", if with_policies { "enable" } else { "disable" }),
                )?;
                let rate = pgbench(database, script, &limit)?;
                if with_policies { on.push(rate) } else { off.push(rate) }
            }
        }
        database.execute(&SWITCH.replace("MODE", "enable"))?;
        let (on, off) = (median(on), median(off));
        println!("{what:<48} {on:>10.0} {off:>10.0} {:>8.3}", on / off);
    }
    Ok(())
}

fn pgbench(database: &FilledDatabase, script: &str, limit: &str) -> anyhow::Result<f64> {
    let mut pgbench = Command::new(postgres_tools::find("pgbench")?);
    pgbench.args(["--no-vacuum", "--client=2", "--jobs=1", "--protocol=prepared"]);
    pgbench.args([limit, "--define", &database.variable(), "--file"]).arg(assets().join(script));
    pgbench.arg(database.url("api")?).stdin(Stdio::null());
    let printed = programs::output(&mut pgbench)?;
    let rate = printed.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rest| rest.split(' ').next()).and_then(|it| it.parse().ok());
    rate.with_context(|| format!("pgbench printed no rate:\n{printed}"))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
