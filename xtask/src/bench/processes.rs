//! CPU time and memory of processes, from Linux' `/proc`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};

/// The CPU time of all threads of a process so far.
pub(super) fn cpu(pid: u32) -> Duration {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Duration::ZERO };
    threads.filter_map(Result::ok).map(|it| scheduled(&it.path().join("schedstat"))).sum()
}

/// The CPU time of the current thread.
pub(super) fn cpu_of_this_thread() -> Duration {
    scheduled(Path::new("/proc/thread-self/schedstat"))
}

/// The CPU time of a process and its living children.
pub(super) fn cpu_of_family(pid: u32) -> Duration {
    let children = children(pid).into_iter().map(cpu);
    cpu(pid) + children.sum::<Duration>()
}

/// The first number of a `schedstat`: nanoseconds on a CPU.
fn scheduled(path: &Path) -> Duration {
    let text = fs::read_to_string(path).unwrap_or_default();
    Duration::from_nanos(text.split_whitespace().next().and_then(|it| it.parse().ok()).unwrap_or(0))
}

/// The resident memory of a process in KiB.
pub(super) fn resident(pid: u32) -> u64 {
    resident_in(&fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default())
}

fn resident_in(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|it| it.split_whitespace().next()).and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// The only child process of a shell.
pub(super) fn only_child(shell: u32) -> anyhow::Result<u32> {
    match children(shell).as_slice() {
        [child] => Ok(*child),
        other => bail!("the shell of the service has {} children instead of one", other.len()),
    }
}

fn children(parent: u32) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.filter_map(|it| it.ok()?.file_name().to_str()?.parse::<u32>().ok());
    numbers.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    parent_in(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The second field after the name; the name can contain spaces and brackets.
fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// The main process of a Postgres server, from its data folder.
pub(super) fn postmaster(root: &Path) -> anyhow::Result<u32> {
    let path: PathBuf = root.join("pgdata/postmaster.pid");
    let text =
        fs::read_to_string(&path).with_context(|| format!("{} is missing", path.display()))?;
    text.lines().next().and_then(|it| it.trim().parse().ok()).context("it names no process")
}

/// The time of all CPUs together so far: busy, and in total.
pub(super) fn machine() -> (Duration, Duration) {
    machine_in(&fs::read_to_string("/proc/stat").unwrap_or_default())
}

fn machine_in(stat: &str) -> (Duration, Duration) {
    let line = stat.lines().next().unwrap_or_default();
    // user, nice, system, idle, iowait, irq, softirq, steal, in hundredths of a second. The other
    // fields are included in these.
    let ticks: Vec<u64> =
        line.split_whitespace().skip(1).take(8).filter_map(|it| it.parse().ok()).collect();
    let all: u64 = ticks.iter().sum();
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    (Duration::from_millis((all - idle) * 10), Duration::from_millis(all * 10))
}

/// The load average of the last minute.
pub(super) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    //! The files of `/proc` are parsed correctly.

    use super::*;

    #[test]
    fn the_files_are_parsed() {
        assert_eq!(resident_in("Name:\tx\nVmHWM:\t 900 kB\nVmRSS:\t  812 kB\n"), 812);
        assert_eq!(resident_in(""), 0);
        assert_eq!(parent_in("7 (a (b) c) S 42 7 7 0"), Some(42));
        let (busy, all) = machine_in("cpu  10 0 20 60 10 0 0 0 5 5\ncpu0 1 1 1");
        assert_eq!((busy.as_millis(), all.as_millis()), (300, 1_000));
    }

    #[test]
    fn this_process_uses_memory_and_cpu() {
        let pid = std::process::id();
        assert!(resident(pid) > 0 && cpu(pid) > Duration::ZERO);
        assert!(parent_of(pid).is_some_and(|it| children(it).contains(&pid)));
    }
}
