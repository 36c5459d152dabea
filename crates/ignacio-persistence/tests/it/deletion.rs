//! Deleted rows are gone, and their external objects are queued for removal.

use ignacio_domain::ids::FileId;
use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::UsageCost;
use ignacio_persistence::{PurgeTarget, StoreError};

use crate::support::Stack;

#[tokio::test]
async fn deleting_a_conversation_deletes_its_content() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let first = stack.conversation(&ana).await;
    let (only_here, shared) = (stack.file(&ana, "a.pdf").await, stack.file(&ana, "b.pdf").await);
    stack.post_with(&ana, first.id, "hola", &[only_here.id, shared.id]).await.unwrap();
    let elsewhere = stack.conversation(&ana).await;
    stack.post_with(&ana, elsewhere.id, "hola", &[shared.id]).await.unwrap();
    stack.database.execute("update responses set provider_response_id = 'resp-' || id").await;
    stack.database.execute("update responses set next_attempt_at = '2020-01-01' where conversation_id = (select id from conversations order by created_at limit 1)").await;
    let job = stack.worker.reply_jobs().claim(1, "1").await.unwrap().remove(0);
    let mut reply = stack.worker.replies().open(&job).await.unwrap().unwrap();
    assert!(reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
    drop(reply);

    let scope = stack.scope(&ana).await;
    assert!(scope.conversations().delete(job.conversation, false).await.unwrap());
    assert!(!scope.conversations().delete(job.conversation, false).await.unwrap());
    scope.commit().await.unwrap();

    let conversation = job.conversation;
    for (table, column) in
        [("conversations", "id"), ("messages", "conversation_id"), ("responses", "conversation_id")]
    {
        let left = format!("select count(*) from {table} where {column} = '{conversation}'");
        assert_eq!(stack.database.query_i64(&left).await, 0, "{table}");
    }
    assert_eq!(stack.database.query_i64("select count(*) from response_events").await, 0);
    let scope = stack.scope(&ana).await;
    let missing = scope.files().missing(&[only_here.id, shared.id]).await.unwrap();
    assert_eq!(missing, [only_here.id]);
    let purges = stack.worker.purges().claim(10).await.unwrap();
    let targets: Vec<_> = purges.into_iter().map(|it| it.target).collect();
    assert_eq!(targets, [PurgeTarget::ProviderResponse(format!("resp-{}", job.id))]);
}

#[tokio::test]
async fn a_file_uploaded_for_another_conversation_stays() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let (first, other) = (stack.conversation(&ana).await, stack.conversation(&ana).await);
    let file = stack.file(&ana, "plan.pdf").await;
    let hand_over = format!("update user_files set conversation_id = '{}'", other.id);
    stack.database.execute(&hand_over).await;
    stack.post_with(&ana, first.id, "mira", &[file.id]).await.unwrap();

    for (conversation, left) in [(first.id, 1), (other.id, 0)] {
        let scope = stack.scope(&ana).await;
        assert!(scope.conversations().delete(conversation, false).await.unwrap());
        scope.commit().await.unwrap();
        let live = "select count(*) from user_files where deleted_at is null";
        assert_eq!(stack.database.query_i64(live).await, left);
    }
}

#[tokio::test]
async fn a_deleted_file_is_hidden_immediately_and_its_row_is_deleted_last() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let file = stack.file(&ana, "plan.pdf").await;
    let sync = stack.worker.file_jobs().claim(1).await.unwrap().remove(0);

    let scope = stack.scope(&ana).await;
    assert!(scope.files().delete(file.id).await.unwrap());
    assert!(!scope.files().delete(file.id).await.unwrap());
    assert!(scope.files().find(file.id).await.unwrap().is_none());
    scope.commit().await.unwrap();

    let jobs = stack.worker.file_jobs();
    assert!(!jobs.record_upload(&sync, "file-1").await.unwrap(), "undo the upload");
    assert!(jobs.claim_deleted(1).await.unwrap().is_empty(), "a sync still holds it");
    stack.database.execute("update user_files set lease_until = now() - interval '1 second'").await;
    let tombstone = jobs.claim_deleted(1).await.unwrap().remove(0);
    assert!(jobs.complete_purge(&tombstone).await.unwrap());
    assert_eq!(stack.database.query_i64("select count(*) from user_files").await, 0);
    assert!(stack.worker.purges().claim(10).await.unwrap().is_empty(), "nothing is left to purge");
}

#[tokio::test]
async fn cascading_deletes_queue_external_objects() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let file = stack.file(&ana, "plan.pdf").await;
    let jobs = stack.worker.file_jobs();
    let job = jobs.claim(1).await.unwrap().remove(0);
    jobs.record_upload(&job, "file-1").await.unwrap();
    jobs.adopt_vector_store(ana.id, "vs-1").await.unwrap();
    stack.database.execute("delete from users where phone_number = '+573001110002'").await;

    let purges = stack.worker.purges().claim(10).await.unwrap();
    let mut targets: Vec<_> = purges.iter().map(|it| format!("{:?}", it.target)).collect();
    targets.sort();
    assert_eq!(
        targets,
        [
            format!("Object(ObjectKey(\"users/{}/{}\"))", ana.id, file.id),
            "ProviderFile(\"file-1\")".to_owned(),
            "VectorStore(\"vs-1\")".to_owned(),
        ]
    );
    assert!(stack.worker.purges().claim(10).await.unwrap().is_empty(), "claimed for a minute");
    for purge in &purges {
        stack.worker.purges().complete(purge).await.unwrap();
    }
    assert_eq!(stack.database.query_i64("select count(*) from purge_queue").await, 0);
}

#[tokio::test]
async fn another_users_file_cannot_be_attached() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let ben = stack.user("+573001110003").await;
    let conversation = stack.conversation(&ana).await;
    let his = stack.file(&ben, "secreto.pdf").await;
    for id in [his.id, FileId::new()] {
        let scope = stack.scope(&ana).await;
        assert_eq!(scope.files().missing(&[id]).await.unwrap(), [id]);
        let posted = stack.post_with(&ana, conversation.id, "mira", &[id]).await;
        assert!(matches!(posted, Err(StoreError::Conflict(_))), "{posted:?}");
    }
}
