//! Documents are synced once each, and their status is true.

use std::sync::Arc;

use ignacio_domain::file::ObjectKey;
use ignacio_domain::ports::IndexingStatus;
use ignacio_domain::sync::SyncStatus;
use tokio::sync::Barrier;

use crate::fakes::{misconfigured, rejected, transient, transient_for};
use crate::stack::Stack;

const GUIDE: &str = "El piloto dura seis semanas y tiene doce usuarios.";

fn failed(code: &str) -> IndexingStatus {
    IndexingStatus::Failed { code: code.to_owned() }
}

#[tokio::test]
async fn a_document_is_uploaded_attached_to_its_owners_store_and_synced() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("Guía del reto.TXT", GUIDE).await;
    stack.vector_store.will_index([IndexingStatus::InProgress, IndexingStatus::InProgress]);

    stack.drain().await;
    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Synced), 1));
    let [file] = <[_; 1]>::try_from(stack.vector_store.files()).unwrap();
    assert_eq!(file.name, format!("ign-test-{guide}.txt"));
    assert_eq!(stack.vector_store.content(&file.id), GUIDE.as_bytes());
    assert_eq!(stack.vector_store.store_names(), [format!("ign-test-{}", ana.id)]);
    let [store] = <[_; 1]>::try_from(stack.vector_store.stores()).unwrap();
    assert!(stack.vector_store.files_in(&store).contains(&file.id));
    let attributes = stack.vector_store.attributes_of(&file.id);
    assert_eq!((attributes.owner, attributes.file), (ana.id, guide));
}

#[tokio::test]
async fn an_imported_document_is_read_from_its_old_place() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", "").await;
    stack.objects.lose(&ana.key(guide));
    stack.objects.keep(&ObjectKey::from_stored("uploads/guia.txt".to_owned()), GUIDE.as_bytes());
    let carried_over = "update user_files
         set content_sha256 = null, file_size = 0, file_path = 'uploads/guia.txt'";
    stack.database.execute(carried_over).await;

    stack.drain().await;

    assert_eq!(ana.file(guide).await.sync.status, Some(SyncStatus::Synced));
    let id = stack.provider_id(guide).await;
    assert_eq!(stack.vector_store.content(&id), GUIDE.as_bytes());
    ana.deletes(guide).await;
    stack.drain().await;
    assert_eq!((stack.objects.count(), stack.vector_store.files().len()), (0, 0));
}

#[tokio::test]
async fn an_image_is_not_synced() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let image = ana.uploads("yo.png", "not really").await;

    stack.drain().await;

    assert_eq!(ana.file(image).await.sync.status, None);
    assert!(stack.vector_store.files().is_empty());
}

#[tokio::test]
async fn transient_errors_are_retried() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", GUIDE).await;
    stack.vector_store.faults.fail("upload_file", transient_for(2));
    stack.vector_store.faults.fail("upload_file", transient());

    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Synced), 3));
    assert_eq!(report.error, None);
    assert_eq!(stack.vector_store.files().len(), 1);
}

#[tokio::test]
async fn a_file_fails_after_eight_attempts() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", GUIDE).await;
    (0..20).for_each(|_| stack.vector_store.faults.fail("upload_file", transient()));

    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Failed), 8));
    assert_eq!(report.error.as_deref(), Some("unavailable"));
    assert_eq!(stack.vector_store.faults.count("upload_file"), 8);
}

#[tokio::test]
async fn a_permanent_error_fails_at_once() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    for code in ["unsupported_file", "invalid_file"] {
        let guide = ana.uploads("guía.txt", GUIDE).await;
        stack.vector_store.will_index([IndexingStatus::InProgress, failed(code)]);

        stack.drain().await;

        let report = ana.file(guide).await.sync;
        assert_eq!((report.status, report.attempts), (Some(SyncStatus::Failed), 1));
        assert_eq!(report.error.as_deref(), Some(code));
    }
    let guide = ana.uploads("guía.txt", GUIDE).await;
    stack.vector_store.faults.fail("upload_file", rejected("file_too_large"));

    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Failed), 1));
    assert_eq!(report.error.as_deref(), Some("file_too_large"));
}

#[tokio::test]
async fn a_failed_indexing_is_retried() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", GUIDE).await;
    stack.vector_store.will_index([failed("server_error")]);

    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Synced), 2));
    assert_eq!(stack.vector_store.faults.count("upload_file"), 1, "the upload was good");
    assert_eq!(stack.vector_store.faults.count("detach_file"), 1);
}

#[tokio::test]
async fn a_wrong_key_is_not_the_files_fault() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", GUIDE).await;
    stack.vector_store.faults.fail("upload_file", misconfigured());

    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Pending), 0));
    let waits = "select next_attempt_at - now() between interval '14 minutes'
                        and interval '15 minutes' from user_files";
    assert_eq!(stack.column(waits).await, ["t"]);

    stack.database.execute("update user_files set next_attempt_at = now()").await;
    stack.drain().await;
    assert_eq!(ana.file(guide).await.sync.status, Some(SyncStatus::Synced));
}

#[tokio::test]
async fn a_document_that_takes_too_long_is_postponed() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", GUIDE).await;
    stack.vector_store.will_index([IndexingStatus::InProgress]);
    let impatient = stack.worker_with(|it| it.indexing_timeout = std::time::Duration::ZERO).await;

    impatient.drain().await.unwrap();
    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Pending), 0));

    stack.database.execute("update user_files set next_attempt_at = now()").await;
    stack.drain().await;
    assert_eq!(ana.file(guide).await.sync.status, Some(SyncStatus::Synced));
    assert_eq!(stack.vector_store.faults.count("upload_file"), 1);
}

#[tokio::test]
async fn damaged_bytes_never_reach_the_provider() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", GUIDE).await;
    stack.objects.damage_next_read();
    stack.drain().await;
    assert_eq!(ana.file(guide).await.sync.status, Some(SyncStatus::Synced), "the second read");
    assert_eq!(stack.vector_store.files().len(), 1);

    let plan = ana.uploads("plan.txt", "Otro texto").await;
    stack.objects.damage_next_read();
    stack.objects.damage_next_read();
    stack.drain().await;
    let report = ana.file(plan).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Failed), 1));
    assert_eq!(report.error.as_deref(), Some("integrity"));
    assert_eq!(stack.vector_store.files().len(), 1, "nothing of it is there");
}

#[tokio::test]
async fn a_cut_read_is_retried_and_a_lost_object_is_not() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", GUIDE).await;
    stack.objects.cut_next_read();
    stack.drain().await;
    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Synced), 2));

    let plan = ana.uploads("plan.txt", "Otro texto").await;
    stack.objects.lose(&ana.key(plan));
    stack.drain().await;
    let report = ana.file(plan).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Failed), 1));
    assert_eq!(report.error.as_deref(), Some("object_missing"));
}

#[tokio::test]
async fn twenty_first_uploads_make_one_store() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    for number in 0..20 {
        ana.uploads(&format!("{number}.txt"), &format!("Texto {number}")).await;
    }
    let worker = stack.worker_with(|it| it.file_concurrency = 20).await;

    worker.drain().await.unwrap();

    let [store] = <[_; 1]>::try_from(stack.vector_store.stores()).unwrap();
    assert_eq!(stack.vector_store.files_in(&store).len(), 20);
    assert_eq!(stack.vector_store.faults.count("create_store"), 1);
}

#[tokio::test]
async fn of_two_workers_that_create_a_store_at_once_one_wins() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    ana.uploads("uno.txt", "Texto uno").await;
    ana.uploads("dos.txt", "Texto dos").await;
    let both = Arc::new(Barrier::new(2));
    for _ in 0..2 {
        let both = Arc::clone(&both);
        stack.vector_store.faults.after("create_store", async move {
            both.wait().await;
        });
    }
    let one = stack.worker_with(|it| it.file_concurrency = 1).await;
    let two = stack.worker_with(|it| it.file_concurrency = 1).await;

    let (one, two) = tokio::join!(one.drain(), two.drain());

    one.unwrap();
    two.unwrap();
    assert_eq!(stack.vector_store.faults.count("create_store"), 2);
    let [store] = <[_; 1]>::try_from(stack.vector_store.stores()).unwrap();
    assert_eq!(stack.vector_store.files_in(&store).len(), 2);
    let noted = "select openai_vector_store_id from user_vector_stores";
    assert_eq!(stack.column(noted).await, [store]);
}

#[tokio::test]
async fn a_worker_that_lost_the_lease_deletes_its_upload() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", GUIDE).await;
    let database = Arc::clone(&stack.database);
    stack.vector_store.faults.after("upload_file", async move {
        let lose = "update user_files set lease_until = now() - interval '1 second'";
        database.execute(lose).await;
    });

    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Synced), 2));
    let [file] = <[_; 1]>::try_from(stack.vector_store.files()).unwrap();
    assert_eq!(stack.provider_id(guide).await, file.id);
    assert_eq!(stack.vector_store.faults.count("upload_file"), 2);
}

#[tokio::test]
async fn an_upload_of_a_file_that_was_deleted_meanwhile_is_deleted() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    ana.uploads("guía.txt", GUIDE).await;
    let database = Arc::clone(&stack.database);
    stack.vector_store.faults.after("upload_file", async move {
        database.execute("update user_files set deleted_at = now(), next_attempt_at = now()").await;
    });

    stack.drain().await;

    assert!(stack.vector_store.files().is_empty());
    assert_eq!(stack.objects.count(), 0);
    assert_eq!(stack.column("select id from user_files").await.len(), 0);
}

#[tokio::test]
async fn a_store_that_the_provider_lost_is_created_again() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", GUIDE).await;
    stack.drain().await;
    let [lost] = <[_; 1]>::try_from(stack.vector_store.stores()).unwrap();
    stack.vector_store.lose_store(&lost);
    let plan = ana.uploads("plan.txt", "Otro texto").await;

    stack.drain().await;

    let [store] = <[_; 1]>::try_from(stack.vector_store.stores()).unwrap();
    assert_ne!(store, lost);
    for file in [guide, plan] {
        assert_eq!(ana.file(file).await.sync.status, Some(SyncStatus::Synced));
        assert!(stack.vector_store.files_in(&store).contains(&stack.provider_id(file).await));
    }
    assert_eq!(stack.vector_store.faults.count("upload_file"), 2, "the files were still there");
}

#[tokio::test]
async fn a_file_that_the_provider_lost_is_uploaded_again() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", GUIDE).await;
    let vector_store = Arc::clone(&stack.vector_store);
    stack.vector_store.faults.before("attach_file", async move {
        let [file] = <[_; 1]>::try_from(vector_store.files()).unwrap();
        vector_store.lose_file(&file.id);
    });

    stack.drain().await;

    let report = ana.file(guide).await.sync;
    assert_eq!((report.status, report.attempts), (Some(SyncStatus::Synced), 2));
    let [file] = <[_; 1]>::try_from(stack.vector_store.files()).unwrap();
    assert_eq!(stack.provider_id(guide).await, file.id);
    assert_eq!(stack.vector_store.stores().len(), 1, "the store was not the cause");
}
