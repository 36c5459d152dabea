//! Many workers on one outbox.

use std::collections::HashSet;

use futures_util::future::join_all;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::user::Role;
use ignacio_persistence::{ProviderOutage, WorkerDb};

use crate::support::Stack;

async fn workers(stack: &Stack, n: usize) -> Vec<WorkerDb> {
    let mut workers = Vec::new();
    for _ in 0..n {
        workers.push(stack.other_worker().await);
    }
    workers
}

/// Queues codes directly in the database.
async fn codes(stack: &Stack, n: u32) {
    let phone = PhoneNumber::parse("+573001110002").unwrap();
    let user = stack.add_user(&phone, Role::Participant).await;
    let statement = format!(
        "with code as (
             insert into otp_codes (user_id, phone_number, expires_at)
             select '{user}', '{}', now() + interval '5 minutes' from generate_series(1, {n})
             returning id)
         insert into outbox (otp_id) select id from code",
        phone.expose()
    );
    assert_eq!(stack.database.execute(&statement).await, u64::from(n));
}

#[tokio::test]
async fn each_code_is_claimed_by_one_worker() {
    let stack = Stack::start().await;
    codes(&stack, 400).await;
    let workers = workers(&stack, 8).await;

    let claims = workers.iter().map(async |worker| {
        let mut ids = Vec::new();
        loop {
            let jobs = worker.outbox().claim(7).await.unwrap();
            if jobs.is_empty() {
                return ids;
            }
            ids.extend(jobs.into_iter().map(|job| job.id));
        }
    });
    let claimed: Vec<_> = join_all(claims).await.into_iter().flatten().collect();

    // A worker that skips rows locked by another may see none and stop; no row is claimed twice.
    let different: HashSet<_> = claimed.iter().collect();
    assert_eq!(different.len(), claimed.len());
    let leased = "select count(*) from outbox where lease_until is not null and attempts = 1";
    assert_eq!(usize::try_from(stack.database.query_i64(leased).await).unwrap(), claimed.len());
}

#[tokio::test]
async fn one_worker_probes_whether_an_outage_is_over() {
    let stack = Stack::start().await;
    codes(&stack, 24).await;
    let workers = workers(&stack, 8).await;
    let fault = ProviderOutage { code: "132001".to_owned(), is_critical: false };
    workers[0].login_monitor().report_outage(&fault).await.unwrap();
    let wait = "update login_monitor set provider_outage_at = now() - interval '30 seconds'";
    stack.database.execute(wait).await;

    let claims = join_all(workers.iter().map(async |it| it.outbox().claim(3).await.unwrap())).await;

    let jobs: Vec<_> = claims.into_iter().flatten().collect();
    assert_eq!(jobs.iter().filter(|job| job.outage.is_none()).count(), 1);
    assert!(jobs.iter().filter_map(|job| job.outage.as_ref()).all(|outage| *outage == fault));
    assert!(jobs.len() > 1, "the others report the outage");
}

#[tokio::test]
async fn decoys_never_become_jobs_and_are_simulated_once() {
    let stack = Stack::start().await;
    let flood = "with code as (
             insert into otp_codes (phone_number, expires_at)
             select '+0', now() + interval '5 minutes' from generate_series(1, 300) returning id)
         insert into outbox (otp_id) select id from code";
    stack.database.execute(flood).await;
    let workers = workers(&stack, 4).await;
    assert!(workers[0].outbox().claim(10).await.unwrap().is_empty());

    let simulated =
        join_all(workers.iter().map(async |it| it.outbox().simulate_decoys().await.unwrap())).await;

    assert_eq!(simulated.into_iter().sum::<u64>(), 300);
    let sent = "select count(*) from outbox where state = 'sent' and attempts = 1";
    assert_eq!(stack.database.query_i64(sent).await, 300);
}

#[tokio::test]
async fn a_late_worker_does_not_undo_a_sent_message() {
    let stack = Stack::start().await;
    codes(&stack, 1).await;
    let late = stack.worker.outbox();
    let job = late.claim(1).await.unwrap().remove(0);
    stack.database.execute("update outbox set lease_until = now() - interval '1 second'").await;
    let other = stack.other_worker().await;
    let again = other.outbox().claim(1).await.unwrap().remove(0);
    other.outbox().mark_sent(&again, "wamid.2").await.unwrap();

    late.retry(&job, std::time::Duration::ZERO, "unavailable").await.unwrap();
    late.fail(&job, "unavailable", true).await.unwrap();
    late.mark_unreachable(&job, "131026").await.unwrap();

    let row =
        "select state || ' ' || coalesce(error, '-') || ' ' || provider_message_id from outbox";
    assert_eq!(stack.database.query_text(row).await, "sent - wamid.2");
    let marked = "select count(*) from users where unreachable_at is not null";
    assert_eq!(stack.database.query_i64(marked).await, 0);
}
