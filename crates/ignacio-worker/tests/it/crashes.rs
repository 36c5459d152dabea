//! Workers die at every step; what they began is finished by others, once.

use futures_util::future::BoxFuture;
use ignacio_domain::message::MessageStatus;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_domain::sync::SyncStatus;
use tokio::sync::oneshot;

use crate::fakes::{Faults, Item, delta, ended, started};
use crate::people::text_of;
use crate::stack::Stack;

/// Something that tells when it is reached and never comes back: where a worker dies.
pub(crate) fn death() -> (BoxFuture<'static, ()>, oneshot::Receiver<()>) {
    let (died, dead) = oneshot::channel();
    let death = async {
        died.send(()).unwrap();
        std::future::pending::<()>().await;
    };
    (Box::pin(death), dead)
}

/// Lets a worker run until it dies, and its leases run out.
pub(crate) async fn dies(stack: &Stack, dead: oneshot::Receiver<()>) {
    let worker = stack.worker().await;
    tokio::select! {
        _ = worker.drain() => panic!("it dies before it is done"),
        dead = dead => dead.unwrap(),
    }
    drop(worker);
    stack.expire_leases().await;
}

#[tokio::test]
async fn a_file_whose_worker_dies_anywhere_is_synced_once() {
    type Plan = fn(&Faults, &'static str, BoxFuture<'static, ()>);
    let before: Plan = |faults, call, death| faults.before(call, death);
    let after: Plan = |faults, call, death| faults.after(call, death);
    let stack = Stack::start().await;
    for call in ["upload", "create_store", "attach", "indexing"] {
        for (when, plan) in [("before", before), ("after", after)] {
            let ana = stack.somebody().await;
            let guide = ana.hands_over("guía.txt", "El piloto dura seis semanas.").await;
            let (death, dead) = death();
            plan(&stack.library.faults, call, death);

            dies(&stack, dead).await;
            stack.drain().await;

            let report = ana.file(guide).await.sync;
            assert_eq!(report.status, Some(SyncStatus::Synced), "{when} {call}");
            assert_eq!(report.attempts, 2, "{when} {call}");
            let name = format!("ign-test-{guide}.txt");
            let mut copies = stack.library.files();
            copies.retain(|it| it.name == name);
            let [copy] = <[_; 1]>::try_from(copies).unwrap();
            assert_eq!(stack.provider_id(guide).await, copy.id, "{when} {call}");
            let noted = format!(
                "select openai_vector_store_id from user_vector_stores where user_id = '{}'",
                ana.id
            );
            let store = stack.database.query_text(&noted).await;
            assert!(stack.library.files_in(&store).contains(&copy.id), "{when} {call}");
        }
    }
    // One for each person; the one that nobody could note is what the reconciler is for.
    assert_eq!(stack.library.stores().len(), 8 + 1);
}

#[tokio::test]
async fn of_several_copies_the_oldest_is_taken_over() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.hands_over("guía.txt", "El piloto dura seis semanas.").await;
    let (death, dead) = death();
    stack.library.faults.after("upload", death);
    dies(&stack, dead).await;
    let [oldest] = <[_; 1]>::try_from(stack.library.files()).unwrap();
    stack.library.leave(&oldest.name);
    stack.library.leave(&oldest.name);

    stack.drain().await;

    assert_eq!(stack.library.files(), std::slice::from_ref(&oldest));
    assert_eq!(stack.provider_id(guide).await, oldest.id);
    assert_eq!(stack.library.faults.count("upload"), 1);
}

#[tokio::test]
async fn a_file_that_kills_workers_is_given_up() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.hands_over("guía.txt", "El piloto dura seis semanas.").await;
    for _ in 0..8 {
        let (death, dead) = death();
        stack.library.faults.before("upload", death);
        dies(&stack, dead).await;
    }

    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!(report.status, Some(SyncStatus::Failed));
    assert_eq!(report.error.as_deref(), Some("too_many_tries"));
    assert_eq!(stack.library.faults.count("upload"), 8);
}

#[tokio::test]
async fn a_panic_is_a_failed_try() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.hands_over("guía.txt", "El piloto dura seis semanas.").await;
    stack.library.faults.before("upload", async { panic!("as the test wants it") });

    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Synced), 2));
}

#[tokio::test]
async fn a_reply_is_finished_by_another_worker() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        delta(1, "uno "),
        delta(2, &"dos ".repeat(600)),
        Item::Hang,
    ]));
    let posted = ana.says(conversation, "Cuenta").await;
    let worker = stack.worker().await;
    tokio::select! {
        _ = worker.drain() => panic!("it dies before it is done"),
        () = saved(&stack, 2) => {}
    }
    drop(worker);
    stack.expire_leases().await;

    stack.assistant.will_resume(Ok(vec![delta(3, "tres"), ended(4, ReplyOutcome::Completed)]));
    stack.drain().await;

    assert_eq!(stack.assistant.resumed(), [("resp-1".to_owned(), -1)]);
    assert_eq!(stack.assistant.prompts().len(), 1);
    let reply = ana.newest(conversation).await;
    assert_eq!(reply.content, format!("uno {}tres", "dos ".repeat(600)));
    assert_eq!(reply.status, MessageStatus::Complete);
    assert_eq!(text_of(&ana.follows(posted.response.id).await), reply.content);
}

/// Waits until the log goes up to an event of the provider.
pub(crate) async fn saved(stack: &Stack, cursor: i64) {
    let query = "select coalesce(max(provider_cursor), 0) from responses";
    while stack.database.query_i64(query).await < cursor {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_reply_whose_worker_died_before_the_provider_answered_is_asked_for_again() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    ana.says(conversation, "Cuenta").await;
    let (death, dead) = death();
    stack.assistant.faults.before("start", death);
    dies(&stack, dead).await;

    stack.assistant.will_say("resp-1", "Hola.");
    stack.drain().await;

    let reply = ana.newest(conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("Hola.", MessageStatus::Complete));
}

#[tokio::test]
async fn a_reply_that_kills_workers_is_given_up() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    let posted = ana.says(conversation, "Cuenta").await;
    for _ in 0..5 {
        let (death, dead) = death();
        stack.assistant.faults.before("start", death);
        dies(&stack, dead).await;
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
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        delta(1, "uno "),
        delta(2, &"dos ".repeat(600)),
    ]));
    let (go_on, gone_on) = oneshot::channel::<()>();
    stack.assistant.faults.before("resume", async {
        gone_on.await.unwrap();
        panic!("as the test wants it")
    });
    let posted = ana.says(conversation, "Cuenta").await;

    tokio::join!(stack.drain(), async {
        saved(&stack, 2).await;
        go_on.send(()).unwrap();
    });

    let response = ana.response(posted.response.id).await;
    assert_eq!(response.failure, Some(ReplyFailure::Internal));
    let reply = ana.newest(conversation).await;
    assert_eq!(reply.content, format!("uno {}", "dos ".repeat(600)));
    assert_eq!(text_of(&ana.follows(posted.response.id).await), reply.content);
}
