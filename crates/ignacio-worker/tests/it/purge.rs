//! What people delete is gone everywhere, and pointers go last.

use ignacio_domain::response::ReplyOutcome;

use crate::fakes::{delta, ended, misconfigured, rejected, started, transient};
use crate::stack::Stack;

async fn leftovers(stack: &Stack) -> Vec<String> {
    let rows = "select 'file ' || id from user_files
                union all select kind || ' ' || target from purge_queue";
    stack.column(rows).await
}

#[tokio::test]
async fn a_deleted_file_leaves_nothing() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.hands_over("guía.txt", "El piloto").await;
    let picture = ana.hands_over("yo.png", "not really").await;
    stack.drain().await;
    let stray = format!("ign-test-{guide}.txt");
    stack.library.leave(&stray);
    let foreign = stack.library.leave("ign-test-somebody-elses.txt");

    ana.deletes(guide).await;
    ana.deletes(picture).await;
    stack.drain().await;
    stack.drain().await;

    let files: Vec<_> = stack.library.files().into_iter().map(|it| it.id).collect();
    assert_eq!(files, [foreign], "what is not ours stays");
    assert_eq!(stack.objects.count(), 0);
    assert!(leftovers(&stack).await.is_empty());
    assert_eq!(stack.library.faults.count("find_by_name"), 1, "nobody looks for a picture there");
}

#[tokio::test]
async fn a_file_is_purged_whatever_goes_wrong_on_the_way() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.hands_over("guía.txt", "El piloto").await;
    stack.drain().await;
    for call in ["detach", "delete_file", "find_by_name"] {
        stack.library.faults.fail(call, transient());
        stack.library.faults.fail(call, rejected("odd"));
    }
    (0..10).for_each(|_| stack.objects.faults.fail("delete", transient()));

    ana.deletes(guide).await;
    stack.drain().await;

    assert!(stack.library.files().is_empty());
    assert_eq!(stack.objects.count(), 0);
    assert!(leftovers(&stack).await.is_empty());
}

#[tokio::test]
async fn the_row_goes_last() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.hands_over("guía.txt", "El piloto").await;
    stack.drain().await;
    stack.objects.faults.fail("delete", misconfigured());

    ana.deletes(guide).await;
    stack.drain().await;

    assert!(stack.library.files().is_empty());
    assert_eq!(stack.objects.count(), 1);
    assert_eq!(leftovers(&stack).await, [format!("file {guide}")]);

    stack.database.execute("update user_files set next_attempt_at = now()").await;
    stack.drain().await;
    assert!(leftovers(&stack).await.is_empty());
    assert_eq!(stack.objects.count(), 0);
}

#[tokio::test]
async fn what_rows_pointed_to_is_removed_when_they_are_gone() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    ana.hands_over("guía.txt", "El piloto").await;
    stack.drain().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        delta(1, "Hola"),
        ended(2, ReplyOutcome::Completed),
    ]));
    ana.says(conversation, "Hola").await;
    stack.drain().await;

    stack.library.faults.fail("delete_file", transient());
    stack.library.faults.fail("delete_store", transient());
    stack.objects.faults.fail("delete", rejected("odd"));
    stack.assistant.faults.fail("forget", transient());
    stack.database.execute(&format!("delete from users where id = '{}'", ana.id)).await;
    assert_eq!(leftovers(&stack).await.len(), 4);
    stack.drain().await;

    assert!(leftovers(&stack).await.is_empty());
    assert!(stack.library.files().is_empty());
    assert!(stack.library.stores().is_empty());
    assert_eq!(stack.objects.count(), 0);
    assert_eq!(stack.assistant.forgotten(), ["resp-1"]);
}

#[tokio::test]
async fn a_deleted_conversation_is_forgotten_upstream() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_say("resp-1", "Hola");
    ana.says(conversation, "Hola").await;
    stack.drain().await;

    ana.deletes_conversation(conversation).await;
    stack.drain().await;

    assert_eq!(stack.assistant.forgotten(), ["resp-1"]);
    assert!(leftovers(&stack).await.is_empty());
}
