//! Files as jobs: leases, fencing, and only legal transitions.

use std::time::Duration;

use ignacio_domain::page::PageSize;
use ignacio_domain::sync::SyncStatus;
use ignacio_persistence::{FileFilter, SyncFilter};

use crate::support::Stack;

#[tokio::test]
async fn a_file_goes_from_pending_to_synced_under_one_lease() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let file = stack.file(&ana, "plan.pdf").await;
    assert_eq!(file.sync.status, Some(SyncStatus::Pending));

    let jobs = stack.worker.file_jobs().claim(10).await.unwrap();
    assert_eq!((jobs.len(), jobs[0].id, jobs[0].attempts), (1, file.id, 1));
    let other = stack.other_worker().await;
    assert!(other.file_jobs().claim(10).await.unwrap().is_empty());

    let jobs_api = stack.worker.file_jobs();
    assert!(jobs_api.record_upload(&jobs[0], "file-1").await.unwrap());
    assert!(jobs_api.extend(&jobs[0]).await.unwrap());
    assert!(jobs_api.complete(&jobs[0], "vs-1").await.unwrap());
    let scope = stack.scope(&ana).await;
    let file = scope.files().find(file.id).await.unwrap().unwrap();
    assert_eq!(file.sync.status, Some(SyncStatus::Synced));
}

#[tokio::test]
async fn an_image_is_never_a_job() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let image = stack.file(&ana, "logo.png").await;
    assert_eq!(image.sync.status, None);
    assert!(stack.worker.file_jobs().claim(10).await.unwrap().is_empty());

    stack.file(&ana, "plan.pdf").await;
    let scope = stack.scope(&ana).await;
    let filter = FileFilter { status: Some(SyncFilter::NotApplicable), ..FileFilter::default() };
    let listed = scope.files().list(&filter, None, PageSize::default()).await.unwrap();
    assert_eq!(listed.rows.iter().map(|it| it.id).collect::<Vec<_>>(), [image.id]);
    let filter = FileFilter { name: Some("PL%".into()), ..FileFilter::default() };
    assert!(scope.files().list(&filter, None, PageSize::default()).await.unwrap().rows.is_empty());
    let filter = FileFilter { name: Some("PLAN".into()), ..FileFilter::default() };
    assert_eq!(scope.files().list(&filter, None, PageSize::default()).await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_changes_nothing() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    stack.file(&ana, "plan.pdf").await;
    let late = stack.worker.file_jobs().claim(1).await.unwrap().remove(0);
    stack.database.execute("update user_files set lease_until = now() - interval '1 second'").await;
    let other = stack.other_worker().await;
    let taken = other.file_jobs().claim(1).await.unwrap().remove(0);
    assert_eq!((taken.attempts, taken.epoch), (2, late.epoch + 1));

    let jobs = stack.worker.file_jobs();
    assert!(!jobs.extend(&late).await.unwrap());
    assert!(!jobs.record_upload(&late, "file-late").await.unwrap());
    assert!(!jobs.complete(&late, "vs").await.unwrap());
    assert!(!jobs.fail(&late, "late").await.unwrap());
    assert!(!jobs.retry(&late, Duration::ZERO, "late").await.unwrap());
    assert!(other.file_jobs().complete(&taken, "vs").await.unwrap());
}

#[tokio::test]
async fn retries_wait_and_postponed_attempts_do_not_count() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    stack.file(&ana, "plan.pdf").await;
    let jobs = stack.worker.file_jobs();
    let job = jobs.claim(1).await.unwrap().remove(0);
    assert!(jobs.retry(&job, Duration::from_mins(1), "rate_limited").await.unwrap());
    assert!(jobs.claim(1).await.unwrap().is_empty());
    stack.database.execute("update user_files set next_attempt_at = now()").await;
    let job = jobs.claim(1).await.unwrap().remove(0);
    assert_eq!(job.attempts, 2);
    assert!(jobs.postpone(&job, Duration::ZERO).await.unwrap());
    let job = jobs.claim(1).await.unwrap().remove(0);
    assert_eq!(job.attempts, 2);
    assert!(jobs.fail(&job, "unsupported_file").await.unwrap());
    assert!(jobs.claim(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_database_and_the_domain_allow_the_same_transitions() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    stack.file(&ana, "plan.pdf").await;
    for from in SyncStatus::ALL {
        for to in SyncStatus::ALL {
            let (a, b) = (from.as_str(), to.as_str());
            let attempt = format!(
                "do $$ begin
                     set local session_replication_role = replica;
                     update user_files set openai_sync_status = '{a}';
                     set local session_replication_role = origin;
                     update user_files set openai_sync_status = '{b}';
                     insert into moves values (true);
                 exception when check_violation then
                     insert into moves values (false);
                 end $$"
            );
            stack.database.execute("create table if not exists moves (legal boolean)").await;
            stack.database.execute("truncate moves").await;
            stack.database.execute(&attempt).await;
            let legal = stack.database.query_text("select legal from moves").await == "t";
            assert_eq!(legal, from == to || from.can_transition_to(to), "{a} to {b}");
        }
    }
}

#[tokio::test]
async fn concurrent_workers_agree_on_one_vector_store() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let rivals =
        (0..8).map(|n| {
            let worker = stack.worker.clone();
            async move {
                worker.file_jobs().adopt_vector_store(ana.id, &format!("vs-{n}")).await.unwrap()
            }
        });
    let noted = futures_util::future::join_all(rivals).await;
    assert!(noted.iter().all(|it| *it == noted[0]), "{noted:?}");
    assert_eq!(
        stack.worker.file_jobs().vector_store(ana.id).await.unwrap().as_ref(),
        Some(&noted[0])
    );
}

#[tokio::test]
async fn losing_a_vector_store_makes_its_files_pending() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let file = stack.file(&ana, "plan.pdf").await;
    let jobs = stack.worker.file_jobs();
    let job = jobs.claim(1).await.unwrap().remove(0);
    let store = jobs.adopt_vector_store(ana.id, "vs-1").await.unwrap();
    assert!(jobs.record_upload(&job, "file-1").await.unwrap());
    assert!(jobs.complete(&job, &store).await.unwrap());

    jobs.drop_vector_store(ana.id, &store).await.unwrap();
    assert_eq!(jobs.vector_store(ana.id).await.unwrap(), None);
    let again = jobs.claim(1).await.unwrap().remove(0);
    assert_eq!((again.id, again.attempts), (file.id, 1));
    assert_eq!(again.provider_file_id.as_deref(), Some("file-1"));
}
