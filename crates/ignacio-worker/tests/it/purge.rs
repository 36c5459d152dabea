//! What users delete is purged everywhere, and pointers go last.

use crate::fakes::{misconfigured, rejected, transient};
use crate::stack::Stack;

async fn remaining(stack: &Stack) -> Vec<String> {
    let rows = "select 'file ' || id from user_files
                union all select kind || ' ' || target from purge_queue";
    stack.column(rows).await
}

#[tokio::test]
async fn a_deleted_file_leaves_nothing() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", "El piloto").await;
    let image = ana.uploads("yo.png", "not really").await;
    stack.drain().await;
    let stray = format!("ign-test-{guide}.txt");
    stack.vector_store.leave(&stray);
    let foreign = stack.vector_store.leave("ign-test-foreign.txt");

    ana.deletes(guide).await;
    ana.deletes(image).await;
    stack.drain().await;
    stack.drain().await;

    let files: Vec<_> = stack.vector_store.files().into_iter().map(|it| it.id).collect();
    assert_eq!(files, [foreign], "files that are not ours stay");
    assert_eq!(stack.objects.count(), 0);
    assert!(remaining(&stack).await.is_empty());
    assert_eq!(
        stack.vector_store.faults.count("find_files"),
        1,
        "images are never at the provider"
    );
}

#[tokio::test]
async fn a_file_is_purged_whatever_goes_wrong_on_the_way() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", "El piloto").await;
    stack.drain().await;
    for call in ["detach_file", "delete_file", "find_files"] {
        stack.vector_store.faults.fail(call, transient());
        stack.vector_store.faults.fail(call, rejected("odd"));
    }
    (0..10).for_each(|_| stack.objects.faults.fail("delete", transient()));

    ana.deletes(guide).await;
    stack.drain().await;

    assert!(stack.vector_store.files().is_empty());
    assert_eq!(stack.objects.count(), 0);
    assert!(remaining(&stack).await.is_empty());
}

#[tokio::test]
async fn the_row_goes_last() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", "El piloto").await;
    stack.drain().await;
    stack.objects.faults.fail("delete", misconfigured());

    ana.deletes(guide).await;
    stack.drain().await;

    assert!(stack.vector_store.files().is_empty());
    assert_eq!(stack.objects.count(), 1);
    assert_eq!(remaining(&stack).await, [format!("file {guide}")]);

    stack.database.execute("update user_files set next_attempt_at = now()").await;
    stack.drain().await;
    assert!(remaining(&stack).await.is_empty());
    assert_eq!(stack.objects.count(), 0);
}

#[tokio::test]
async fn what_deleted_rows_pointed_to_is_purged() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    ana.uploads("guía.txt", "El piloto").await;
    stack.drain().await;
    stack.assistant.will_reply("resp-1", "Hola");
    ana.asks("Hola").await;
    stack.drain().await;

    stack.vector_store.faults.fail("delete_file", transient());
    stack.vector_store.faults.fail("delete_store", transient());
    stack.objects.faults.fail("delete", rejected("odd"));
    stack.assistant.faults.fail("delete_response", transient());
    stack.database.execute(&format!("delete from users where id = '{}'", ana.id)).await;
    assert_eq!(remaining(&stack).await.len(), 4);
    stack.drain().await;

    assert!(remaining(&stack).await.is_empty());
    assert!(stack.vector_store.files().is_empty());
    assert!(stack.vector_store.stores().is_empty());
    assert_eq!(stack.objects.count(), 0);
    assert_eq!(stack.assistant.deleted_responses(), ["resp-1"]);
}

#[tokio::test]
async fn a_deleted_conversation_is_deleted_upstream() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_reply("resp-1", "Hola");
    let posted = ana.asks("Hola").await;
    stack.drain().await;

    ana.deletes_conversation(posted.message.conversation).await;
    stack.drain().await;

    assert_eq!(stack.assistant.deleted_responses(), ["resp-1"]);
    assert!(remaining(&stack).await.is_empty());
}
