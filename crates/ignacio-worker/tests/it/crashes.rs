//! Workers crash at every step; other workers finish what they started, once.

use futures_util::future::BoxFuture;
use ignacio_domain::message::MessageStatus;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_domain::sync::SyncStatus;
use tokio::sync::oneshot;

use crate::fakes::{Faults, StreamItem, delta, ended, started};
use crate::stack::Stack;
use crate::users::text_of;

/// Where a worker crashes: a future that reports when it is reached and never returns.
pub(crate) fn crash() -> (BoxFuture<'static, ()>, oneshot::Receiver<()>) {
    let (crashed, has_crashed) = oneshot::channel();
    let crash = async {
        crashed.send(()).unwrap();
        std::future::pending::<()>().await;
    };
    (Box::pin(crash), has_crashed)
}

/// Lets a worker run until it crashes, and expires its leases.
pub(crate) async fn crashes<T>(stack: &Stack, has_crashed: impl Future<Output = T>) {
    let worker = stack.worker().await;
    tokio::select! {
        _ = worker.drain() => panic!("it crashes before it is done"),
        _ = has_crashed => {}
    }
    drop(worker);
    stack.expire_leases().await;
}

#[tokio::test]
async fn a_file_whose_worker_crashes_anywhere_is_synced_once() {
    type Plan = fn(&Faults, &'static str, BoxFuture<'static, ()>);
    let before: Plan = |faults, call, crash| faults.before(call, crash);
    let after: Plan = |faults, call, crash| faults.after(call, crash);
    let stack = Stack::start().await;
    for call in ["upload_file", "create_store", "attach_file", "indexing_status"] {
        for (when, plan) in [("before", before), ("after", after)] {
            let ana = stack.new_participant().await;
            let guide = ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
            let (crash, has_crashed) = crash();
            plan(&stack.vector_store.faults, call, crash);

            crashes(&stack, has_crashed).await;
            stack.drain().await;

            let report = ana.file(guide).await.sync;
            assert_eq!(report.status, Some(SyncStatus::Synced), "{when} {call}");
            assert_eq!(report.attempts, 2, "{when} {call}");
            let name = format!("ign-test-{guide}.txt");
            let mut copies = stack.vector_store.files();
            copies.retain(|it| it.name == name);
            let [copy] = <[_; 1]>::try_from(copies).unwrap();
            assert_eq!(stack.provider_id(guide).await, copy.id, "{when} {call}");
            let noted = format!(
                "select openai_vector_store_id from user_vector_stores where user_id = '{}'",
                ana.id
            );
            let store = stack.database.query_text(&noted).await;
            assert!(stack.vector_store.files_in(&store).contains(&copy.id), "{when} {call}");
        }
    }
    // One per user, and the one that was never recorded.
    assert_eq!(stack.vector_store.stores().len(), 8 + 1);
}

#[tokio::test]
async fn of_several_copies_the_oldest_is_adopted() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
    let (crash, has_crashed) = crash();
    stack.vector_store.faults.after("upload_file", crash);
    crashes(&stack, has_crashed).await;
    let [oldest] = <[_; 1]>::try_from(stack.vector_store.files()).unwrap();
    stack.vector_store.leave(&oldest.name);
    stack.vector_store.leave(&oldest.name);

    stack.drain().await;

    assert_eq!(stack.vector_store.files(), std::slice::from_ref(&oldest));
    assert_eq!(stack.provider_id(guide).await, oldest.id);
    assert_eq!(stack.vector_store.faults.count("upload_file"), 1);
}

#[tokio::test]
async fn a_file_that_crashes_workers_fails() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
    for _ in 0..8 {
        let (crash, has_crashed) = crash();
        stack.vector_store.faults.before("upload_file", crash);
        crashes(&stack, has_crashed).await;
    }

    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!(report.status, Some(SyncStatus::Failed));
    assert_eq!(report.error.as_deref(), Some("too_many_tries"));
    assert_eq!(stack.vector_store.faults.count("upload_file"), 8);
}

#[tokio::test]
async fn a_panic_is_a_failed_attempt() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
    stack.vector_store.faults.before("upload_file", async { panic!("as planned") });

    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Synced), 2));
}

#[tokio::test]
async fn a_reply_is_finished_by_another_worker() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        delta(1, "uno "),
        delta(2, &"dos ".repeat(600)),
        StreamItem::Stall,
    ]));
    let posted = ana.asks("Cuenta").await;
    crashes(&stack, saved(&stack, 2)).await;

    stack.assistant.will_resume(Ok(vec![delta(3, "tres"), ended(4, ReplyOutcome::Completed)]));
    stack.drain().await;

    assert_eq!(stack.assistant.resumed(), [("resp-1".to_owned(), -1)]);
    assert_eq!(stack.assistant.prompts().len(), 1);
    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!(reply.content, format!("uno {}tres", "dos ".repeat(600)));
    assert_eq!(reply.status, MessageStatus::Complete);
    assert_eq!(text_of(&ana.follows(posted.response.id).await), reply.content);
}

/// Waits until an event of the provider is in the log.
pub(crate) async fn saved(stack: &Stack, cursor: i64) {
    let query = "select coalesce(max(provider_cursor), 0) from responses";
    while stack.database.query_i64(query).await < cursor {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_reply_whose_worker_crashed_before_the_provider_answered_is_requested_again() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let posted = ana.asks("Cuenta").await;
    let (crash, has_crashed) = crash();
    stack.assistant.faults.before("start", crash);
    crashes(&stack, has_crashed).await;

    stack.assistant.will_reply("resp-1", "Hola.");
    stack.drain().await;

    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("Hola.", MessageStatus::Complete));
}

#[tokio::test]
async fn a_reply_that_crashes_workers_fails() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let posted = ana.asks("Cuenta").await;
    for _ in 0..5 {
        let (crash, has_crashed) = crash();
        stack.assistant.faults.before("start", crash);
        crashes(&stack, has_crashed).await;
    }

    stack.drain().await;

    let response = ana.response(posted.response.id).await;
    assert_eq!(response.failure, Some(ReplyFailure::Internal));
    assert_eq!(stack.assistant.prompts().len(), 5);
}

#[tokio::test]
async fn a_panic_ends_a_reply_and_keeps_its_text() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        delta(1, "uno "),
        delta(2, &"dos ".repeat(600)),
    ]));
    let (go_on, gone_on) = oneshot::channel::<()>();
    stack.assistant.faults.before("resume", async {
        gone_on.await.unwrap();
        panic!("as planned")
    });
    let posted = ana.asks("Cuenta").await;

    tokio::join!(stack.drain(), async {
        saved(&stack, 2).await;
        go_on.send(()).unwrap();
    });

    let response = ana.response(posted.response.id).await;
    assert_eq!(response.failure, Some(ReplyFailure::Internal));
    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!(reply.content, format!("uno {}", "dos ".repeat(600)));
    assert_eq!(text_of(&ana.follows(posted.response.id).await), reply.content);
}
