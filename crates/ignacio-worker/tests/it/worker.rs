//! The worker's loops: woken immediately, stopped in time.

use std::time::Duration;

use ignacio_domain::message::MessageStatus;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::ReplyOutcome;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::fakes::{StreamItem, delta, ended, started};
use crate::stack::Stack;
use crate::users::text_of;

/// Far longer than anything here takes, and shorter than it would take without a wakeup.
const SOON: Duration = Duration::from_secs(20);

/// Lets a worker run until the test has stopped it.
async fn both<T>(worker: impl Future<Output = ()> + Send, work: impl Future<Output = T>) -> T {
    let both = Box::pin(async { tokio::join!(worker, work) });
    timeout(SOON, both).await.unwrap().1
}

#[tokio::test]
async fn a_running_worker_does_all_kinds_of_work() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let ben = stack.add("Ben", "+573000000002").await.1;
    let guide = ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
    stack.assistant.will_reply("resp-1", "Hola, Ana.");
    let worker = stack.worker().await;
    let stop = CancellationToken::new();

    let work = async {
        let posted = ana.asks("Hola").await;
        stack.hub.enqueue(posted.response.id);
        let events = ana.follows(posted.response.id).await;
        assert_eq!(text_of(&events), "Hola, Ana.");
        stack.challenge(Some(&ben)).await;
        ana.deletes(guide).await;
        stack.hub.wake_worker();
        while stack.messenger.sent().is_empty() || stack.objects.count() > 0 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    both(worker.run(stop.clone()), work).await;
}

#[tokio::test]
async fn a_reply_that_runs_during_a_shutdown_is_completed() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        delta(1, "Casi "),
        StreamItem::Stall,
        delta(2, "listo."),
        ended(3, ReplyOutcome::Completed),
    ]));
    let posted = ana.asks("Hola").await;
    let worker = stack.worker().await;
    let stop = CancellationToken::new();

    let work = async {
        stack.assistant.stalled().await;
        stop.cancel();
        tokio::task::yield_now().await;
        stack.assistant.resume_stream();
    };
    both(worker.run(stop.clone()), work).await;

    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("Casi listo.", MessageStatus::Complete));
}

#[tokio::test]
async fn a_file_that_is_not_synced_in_time_is_released() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
    let (start, started_receiver) = tokio::sync::oneshot::channel();
    stack.vector_store.faults.before("upload_file", async {
        start.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    let worker = stack.worker_with(|it| it.shutdown_grace = Duration::ZERO).await;
    let stop = CancellationToken::new();

    let work = async {
        started_receiver.await.unwrap();
        stop.cancel();
    };
    both(worker.run(stop.clone()), work).await;

    let row = "select openai_sync_status || ' ' || sync_attempts || ' ' ||
                      coalesce(lease_until::text, 'free') from user_files";
    assert_eq!(stack.column(row).await, ["pending 0 free"]);
    stack.drain().await;
    assert_eq!(stack.vector_store.files().len(), 1);
}

#[tokio::test]
async fn a_worker_outlives_its_connections() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let text = |it: i64| format!("{it} ");
    let mut items = vec![started(0, "resp-1"), delta(1, &text(1)), StreamItem::Stall];
    items.extend((2..400).map(|it| delta(it, &text(it).repeat(20))));
    items.push(ended(400, ReplyOutcome::Completed));
    stack.assistant.will_start(Ok(items));
    let posted = ana.asks("Cuenta").await;
    let worker = stack.worker().await;
    let stop = CancellationToken::new();

    let work = async {
        stack.assistant.stalled().await;
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and usename = 'ignacio_worker'";
        assert!(stack.database.execute(cut).await > 0);
        stack.assistant.resume_stream();
        let events = ana.follows(posted.response.id).await;
        assert_eq!(*events.last().unwrap(), ReplyEvent::Ended(ReplyOutcome::Completed));
        // The loops have lost their connections as well.
        ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
        stack.hub.wake_worker();
        while stack.column("select 1 from user_files where synced_at is not null").await.is_empty()
        {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        text_of(&events)
    };
    let texts = both(worker.run(stop.clone()), work).await;

    let whole: String =
        (1..400).map(|it| if it == 1 { text(1) } else { text(it).repeat(20) }).collect();
    assert_eq!(texts, whole);
    assert_eq!(ana.newest(posted.message.conversation).await.content, whole);
}
