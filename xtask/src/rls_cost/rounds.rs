//! The same queries with the policies on and off, in turn.

use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::{Filled, assets};
use crate::{postgres_tools, programs};

/// What is measured: the script and what it stands for.
const SCRIPTS: [(&str, &str); 5] = [
    ("page.sql", "page of 50 messages, session check included"),
    ("long_page.sql", "the same, deep in a conversation of 10,000"),
    ("list.sql", "list of conversations"),
    ("me.sql", "who am I"),
    ("post.sql", "post of a message, five statements"),
];

/// Switches every table of the service at once.
const SWITCH: &str = "do $$ declare t text; begin
    for t in select tablename from pg_tables where schemaname = 'public' loop
        execute format('alter table public.%I MODE row level security', t);
    end loop; end $$;";

/// Measures every script `rounds` times with the policies on and as often with them off.
pub(super) fn measure(filled: &Filled, rounds: usize, seconds: u32) -> anyhow::Result<()> {
    println!("\n{:<48} {:>10} {:>10} {:>8}", "transactions per second", "on", "off", "on/off");
    for (script, what) in SCRIPTS {
        let (mut on, mut off) = (Vec::new(), Vec::new());
        // Once before, so that neither side pays for the first reads.
        pgbench(filled, script, 1)?;
        for round in 0..rounds {
            // Who goes first changes, so that a machine that slows down is fair to both.
            for with_policies in [round % 2 == 0, round % 2 != 0] {
                filled.sql(
                    &SWITCH.replace("MODE", if with_policies { "enable" } else { "disable" }),
                )?;
                let rate = pgbench(filled, script, seconds)?;
                if with_policies { on.push(rate) } else { off.push(rate) }
            }
        }
        filled.sql(&SWITCH.replace("MODE", "enable"))?;
        let (on, off) = (median(on), median(off));
        println!("{what:<48} {on:>10.0} {off:>10.0} {:>8.3}", on / off);
    }
    Ok(())
}

fn pgbench(filled: &Filled, script: &str, seconds: u32) -> anyhow::Result<f64> {
    let mut pgbench = Command::new(postgres_tools::find("pgbench")?);
    pgbench.args(["--no-vacuum", "--client=2", "--jobs=1", "--protocol=prepared"]);
    pgbench.arg(format!("--time={seconds}")).arg("--file").arg(assets().join(script));
    pgbench.arg(filled.url("api")?).stdin(Stdio::null());
    let printed = programs::output(&mut pgbench)?;
    let rate = printed.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rest| rest.split(' ').next()).and_then(|it| it.parse().ok());
    rate.with_context(|| format!("pgbench did not say how fast it was:\n{printed}"))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
