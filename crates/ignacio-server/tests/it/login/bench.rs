//! How many correct codes one core can verify per second. Nothing here is a promise.

use std::fs;
use std::process::Command;

use ignacio_domain::ids::OtpId;
use ignacio_domain::keys::KeyRing;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::phone::PhoneNumber;
use tokio::time::Instant;

use super::{CODE, each, pepper};
use crate::stack::{SERVE, Stack};

#[test]
#[ignore = "a measurement: cargo test --release -p ignacio-server --test it login::bench -- \
            --ignored --nocapture"]
fn comparisons_of_one_core() {
    const COMPARISONS: u32 = 1_000_000;
    let (id, code) = (OtpId::new(), OtpCode::parse(CODE).unwrap());
    let phone = PhoneNumber::parse("+573001110002").unwrap();
    let digest = code.digest(&pepper(), id, &phone);
    for (peppers, ring) in
        [(1, KeyRing::from(pepper())), (2, KeyRing::new(pepper(), vec![pepper()]))]
    {
        let began = Instant::now();
        let right = (0..COMPARISONS).filter(|_| code.matches(&digest, &ring, id, &phone)).count();
        let rate = f64::from(COMPARISONS) / began.elapsed().as_secs_f64();
        assert_eq!(right, usize::try_from(COMPARISONS).unwrap());
        println!("{rate:.0} comparisons per second, peppers: {peppers}");
    }
}

#[tokio::test]
#[ignore = "a measurement: cargo test --release -p ignacio-server --test it login::bench -- \
            --ignored --nocapture"]
async fn logins_of_one_core() {
    const LOGINS: usize = 3_000;
    for pool in ["4", "16"] {
        let stack = Stack::start_replicas(&[SERVE], &[("IGNACIO_DB_POOL_AUTH", pool)]).await;
        stack.create_users(LOGINS).await;
        let logins = stack.create_sent_codes(LOGINS, LOGINS).await;
        let pid = stack.pid(0).to_string();
        // The server has the first core to itself; the database and this client run on the others.
        let pinned = Command::new("taskset").args(["-acp", "0", &pid]).output().unwrap();
        assert!(pinned.status.success(), "{pinned:?}");
        let (cpu, began) = (cpu_seconds(&pid), Instant::now());
        each(&logins, 64, |it| stack.log_in_at(0, it)).await;
        let (cpu, wall) = (cpu_seconds(&pid) - cpu, began.elapsed().as_secs_f64());
        let count = f64::from(u32::try_from(LOGINS).unwrap());
        println!(
            "{LOGINS} logins, 64 at a time, pool of {pool}: {:.0} per second; the server's core was \
             busy {:.0} %, {:.0} per second of its own time",
            count / wall,
            100.0 * cpu / wall,
            count / cpu
        );
    }
}

/// The CPU time of a process, in seconds (proc(5): fields 14 and 15, in hundredths).
fn cpu_seconds(pid: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name in the second field may contain anything, and ends with the last bracket.
    let fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
    fields.map(|it| it.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}
