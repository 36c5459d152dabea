//! The plan of each kind of query under its policies.

use anyhow::Context as _;

use super::{FilledDatabase, assets};

/// A query with its measured plan.
struct Explained {
    role: String,
    what: String,
    plan: String,
    ms: f64,
    buffers: u64,
}

/// Explains the queries of `plans.txt`, and prints in full the plan that reads the most buffers.
pub(super) fn show(database: &FilledDatabase) -> anyhow::Result<()> {
    let queries = std::fs::read_to_string(assets().join("plans.txt"))?;
    let mut all = Vec::new();
    println!("\n{:<8} {:<40} {:>10} {:>9}", "role", "query under its policies", "ms", "buffers");
    for line in queries.lines().filter(|line| !line.starts_with('#')) {
        let explained = explain(database, line).with_context(|| format!("in `{line}`"))?;
        let Explained { role, what, ms, buffers, .. } = &explained;
        println!("{role:<8} {what:<40} {ms:>10.3} {buffers:>9}");
        all.push(explained);
    }
    let worst = all.into_iter().max_by_key(|it| it.buffers);
    let worst = worst.context("plans.txt has no queries")?;
    println!("\nMost buffers: {} as {}\n{}", worst.what, worst.role, worst.plan);
    Ok(())
}

fn explain(database: &FilledDatabase, line: &str) -> anyhow::Result<Explained> {
    let mut columns = line.split(" | ");
    let mut column = || columns.next().context("a line needs four columns");
    let (role, what, begin, query) = (column()?, column()?, column()?, column()?);
    // Twice: the second time counts, with everything in memory.
    let explain = format!("explain (analyze, buffers) {query};\n");
    let script =
        format!("begin;\n{begin};\n\\echo BEGUN\n{explain}\\echo AGAIN\n{explain}rollback;\n");
    let printed = database.psql(&database.url(role)?, &script)?;
    let plan = printed.rsplit("AGAIN\n").next().unwrap_or_default().trim().to_owned();
    let number = |label: &str| {
        let rest = plan.split(label).nth(1)?;
        let end = rest.find(|it: char| it != '.' && !it.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end).map(str::to_owned)
    };
    let ms = number("Execution Time: ").and_then(|it| it.parse().ok());
    let buffers = number("shared hit=").and_then(|it| it.parse().ok()).unwrap_or(0);
    Ok(Explained {
        role: role.to_owned(),
        what: what.to_owned(),
        ms: ms.context("the plan has no time")?,
        buffers,
        plan,
    })
}
