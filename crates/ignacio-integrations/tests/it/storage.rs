//! Object storage, with the real S3 server of the devstack and with raw sockets.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream};
use ignacio_devstack::{S3Options, S3StandIn, log_leak_scan};
use ignacio_domain::{
    file::ObjectKey,
    ids::{FileId, UserId},
    ports::{ByteRange, ByteStream, ObjectStore as _, PortError},
};
use ignacio_integrations::{S3Settings, S3Store};
use tempfile::TempDir;

use crate::support::{
    logs::{self, Logs},
    until,
    wire::{WireResponse, WireServer},
};

const BUCKET: &str = "user-files";
const PART: usize = 5 * 1024 * 1024;
const CHUNK: usize = 64 * 1024;

fn settings(endpoint: String) -> S3Settings {
    S3Settings {
        endpoint: Some(endpoint),
        region: "us-east-1".to_owned(),
        bucket: BUCKET.to_owned(),
        access_key_id: "key".to_owned(),
        secret_access_key: "canary-secret".into(),
        path_style: true,
    }
}

/// A running S3 server whose folder can be inspected.
struct Server {
    stand_in: S3StandIn,
    folder: TempDir,
}

impl Server {
    fn start() -> Self {
        logs::install();
        let folder = tempfile::tempdir().unwrap();
        let options = S3Options { data: Some(folder.path().to_owned()), port: None };
        let stand_in = S3StandIn::start(options).unwrap();
        log_leak_scan::note(stand_in.secret_key());
        Self { stand_in, folder }
    }

    fn settings(&self) -> S3Settings {
        S3Settings {
            access_key_id: self.stand_in.access_key().to_owned(),
            secret_access_key: self.stand_in.secret_key().into(),
            ..settings(self.stand_in.endpoint())
        }
    }

    fn store(&self) -> S3Store {
        S3Store::new(self.settings()).unwrap()
    }

    /// Parts of uploads that were neither completed nor aborted, by the server's file names.
    fn parts_left(&self) -> usize {
        let files = std::fs::read_dir(self.folder.path().join("buckets")).unwrap();
        files.filter(|it| is_part(&it.as_ref().unwrap().file_name().to_string_lossy())).count()
    }
}

fn is_part(name: &str) -> bool {
    name.starts_with(".upload_id-") && name.contains(".part-")
}

fn key() -> ObjectKey {
    ObjectKey::for_file(UserId::new(), FileId::new())
}

/// Bytes that differ from part to part.
fn content(size: usize) -> Vec<u8> {
    (0_u8..=250).cycle().take(size).collect()
}

fn arriving(bytes: &[u8]) -> ByteStream {
    let chunks: Vec<_> = bytes.chunks(CHUNK).map(|it| Ok(Bytes::copy_from_slice(it))).collect();
    Box::pin(stream::iter(chunks))
}

async fn read(stream: ByteStream) -> Vec<u8> {
    let chunks: Vec<Bytes> = stream.try_collect().await.unwrap();
    chunks.concat()
}

#[tokio::test]
async fn bytes_come_back_as_they_were_stored() {
    let server = Server::start();
    let store = server.store();
    assert!(store.ensure_bucket().await.unwrap());
    for size in [0, 10, CHUNK, PART - 1, PART, PART + 1, 2 * PART, 12 * 1024 * 1024] {
        let key = key();
        let bytes = content(size);
        store.put(&key, "application/pdf", arriving(&bytes)).await.unwrap();
        let object = store.get(&key, None).await.unwrap();
        assert_eq!(object.size, u64::try_from(size).unwrap());
        assert!(read(object.bytes).await == bytes, "{size} bytes differ");

        store.delete(&key).await.unwrap();
        assert!(matches!(store.get(&key, None).await.err(), Some(PortError::NotFound)));
        store.delete(&key).await.unwrap();
    }
    assert_eq!(server.stand_in.object_count(BUCKET), 0);
    assert_eq!(server.parts_left(), 0);
}

#[tokio::test]
async fn only_the_range_is_read() {
    let server = Server::start();
    let store = server.store();
    store.ensure_bucket().await.unwrap();
    let key = key();
    let bytes = content(2 * PART + 3);
    store.put(&key, "application/pdf", arriving(&bytes)).await.unwrap();
    let end = bytes.len() - 1;
    for (first, last) in [(0, 0), (7, CHUNK), (PART - 1, PART), (end, end), (0, end)] {
        let range =
            ByteRange { first: u64::try_from(first).unwrap(), last: u64::try_from(last).unwrap() };
        let object = store.get(&key, Some(range)).await.unwrap();
        assert_eq!(object.size, u64::try_from(bytes.len()).unwrap(), "of the whole object");
        assert!(read(object.bytes).await == bytes[first..=last], "{range:?} differs");
    }
    let beyond = ByteRange { first: u64::try_from(bytes.len()).unwrap(), last: u64::MAX };
    assert!(matches!(store.get(&key, Some(beyond)).await, Err(PortError::Rejected { .. })));
}

#[tokio::test]
async fn the_store_is_asked_for_the_range() {
    let part = [("content-range", "bytes 3-5/10")];
    let server = WireServer::always(WireResponse::new("206 Partial Content", &part, "345")).await;
    let store = S3Store::new(settings(server.url())).unwrap();
    let object = store.get(&key(), Some(ByteRange { first: 3, last: 5 })).await.unwrap();
    assert_eq!((object.size, read(object.bytes).await), (10, b"345".to_vec()));
    assert_eq!(server.requests().pop().unwrap().header("range"), Some("bytes=3-5"));

    // Bytes other than the requested ones are not passed on.
    let other = store.get(&key(), Some(ByteRange { first: 3, last: 6 })).await;
    assert!(matches!(other, Err(PortError::Rejected { code, .. }) if code == "no_length"));
    let whole = WireServer::always(WireResponse::new("200 OK", &[], "0123456789")).await;
    let store = S3Store::new(settings(whole.url())).unwrap();
    let whole = store.get(&key(), Some(ByteRange { first: 3, last: 5 })).await;
    assert!(matches!(whole, Err(PortError::Rejected { code, .. }) if code == "no_length"));
}

#[tokio::test]
async fn content_that_fails_leaves_nothing() {
    let server = Server::start();
    let store = server.store();
    store.ensure_bucket().await.unwrap();
    for size in [0, 10, PART + 1, 12 * 1024 * 1024] {
        let error = stream::iter([Err(io::Error::other("over the limit"))]);
        let content = Box::pin(futures_util::StreamExt::chain(arriving(&content(size)), error));
        match store.put(&key(), "text/plain", content).await {
            Err(PortError::Rejected { code, reason }) => {
                assert_eq!((code.as_str(), reason.as_str()), ("content", "over the limit"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(server.stand_in.object_count(BUCKET), 0, "{size} bytes");
        assert_eq!(server.parts_left(), 0, "{size} bytes");
    }
}

#[tokio::test]
async fn a_bucket_is_created_once() {
    let server = Server::start();
    let store = server.store();
    assert!(matches!(store.check().await, Err(PortError::Misconfigured { code, .. })
        if code == "NoSuchBucket"));
    assert!(store.ensure_bucket().await.unwrap());
    assert!(!store.ensure_bucket().await.unwrap());
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_lost_bucket_is_misconfigured() {
    let error = "<Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>";
    let response =
        WireResponse::new("404 Not Found", &[("content-type", "application/xml")], error);
    let server = WireServer::always(response).await;
    let store = S3Store::new(settings(server.url())).unwrap();
    for error in [
        store.put(&key(), "text/plain", arriving(b"x")).await.err(),
        store.get(&key(), None).await.err(),
        store.delete(&key()).await.err(),
    ] {
        assert!(matches!(error, Some(PortError::Misconfigured { code, .. })
            if code == "NoSuchBucket"));
    }
}

#[tokio::test]
async fn parallel_starts_create_one_bucket() {
    let server = Server::start();
    let store = server.store();
    let made = futures_util::future::join_all((0..8).map(|_| store.ensure_bucket())).await;
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    assert!(made.iter().flatten().any(|it| *it));
}

#[tokio::test]
async fn a_wrong_key_is_misconfigured() {
    let server = Server::start();
    server.stand_in.create_bucket(BUCKET).unwrap();
    let wrong = S3Settings { secret_access_key: "canary-secret".into(), ..server.settings() };
    let store = S3Store::new(wrong).unwrap();
    assert!(!format!("{store:?}").contains("canary-secret"));
    for error in [
        store.put(&key(), "text/plain", arriving(b"x")).await.err(),
        store.get(&key(), None).await.err(),
        store.delete(&key()).await.err(),
        store.ensure_bucket().await.err(),
        store.check().await.err(),
    ] {
        let error = error.unwrap();
        assert!(matches!(error, PortError::Misconfigured { .. }), "{error}");
    }
}

#[tokio::test]
async fn overload_is_retried_or_reported() {
    let server = Server::start();
    let store = server.store();
    store.ensure_bucket().await.unwrap();
    server.stand_in.slow_down_next(1);
    store.put(&key(), "text/plain", arriving(b"x")).await.unwrap();

    server.stand_in.slow_down_next(100);
    let error = store.get(&key(), None).await.err().unwrap();
    assert!(matches!(error, PortError::Transient { .. }), "{error}");
}

#[tokio::test]
async fn an_unreachable_store_is_transient_and_noticed_immediately() {
    let server = Server::start();
    let store = server.store();
    store.ensure_bucket().await.unwrap();
    server.stand_in.take_down();
    let before = server.stand_in.request_count();
    assert!(matches!(store.check().await, Err(PortError::Transient { .. })));
    assert!(server.stand_in.request_count() <= before + 1, "a check is one try");
    let put = store.put(&key(), "text/plain", arriving(b"x")).await;
    assert!(matches!(put, Err(PortError::Transient { .. })));
    server.stand_in.clear_faults();
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_refused_part_removes_the_others() {
    let server = WireServer::start(|request, _| {
        let line = request.line();
        if line.starts_with("POST") && line.contains("?uploads") {
            let begun = "<InitiateMultipartUploadResult><UploadId>up-1</UploadId>\
                         </InitiateMultipartUploadResult>";
            return WireResponse::new("200 OK", &[("content-type", "application/xml")], begun);
        }
        if line.starts_with("DELETE") {
            return WireResponse::new("204 No Content", &[], "");
        }
        if line.contains("partNumber=1") {
            return WireResponse::new("200 OK", &[("etag", "\"1\"")], "");
        }
        let error = "<Error><Code>EntityTooLarge</Code><Message>canary</Message></Error>";
        WireResponse::new("400 Bad Request", &[("content-type", "application/xml")], error)
    })
    .await;
    let store = S3Store::new(settings(server.url())).unwrap();
    let put = store.put(&key(), "text/plain", arriving(&content(2 * PART + 1))).await;
    assert!(matches!(put, Err(PortError::Rejected { code, .. }) if code == "EntityTooLarge"));
    let last = server.requests().pop().unwrap();
    assert!(last.line().starts_with("DELETE /user-files/users/"), "{}", last.line());
    assert!(last.line().contains("uploadId=up-1"), "{}", last.line());
}

#[tokio::test]
async fn content_is_not_read_faster_than_it_is_stored() {
    let server = WireServer::start(|request, _| {
        if request.line().contains("?uploads") {
            let begun = "<InitiateMultipartUploadResult><UploadId>up-1</UploadId>\
                         </InitiateMultipartUploadResult>";
            return WireResponse::new("200 OK", &[("content-type", "application/xml")], begun);
        }
        WireResponse::new("200 OK", &[], "").cut(0).hanging()
    })
    .await;
    let store = S3Store::new(settings(server.url())).unwrap();
    let n_read = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_read);
    let endless = stream::repeat_with(move || {
        counter.fetch_add(CHUNK, Ordering::Relaxed);
        Ok(Bytes::from(vec![7; CHUNK]))
    });
    let object = key();
    let put = store.put(&object, "text/plain", Box::pin(endless));
    let is_hanging =
        until(|| server.requests().iter().any(|it| it.line().contains("partNumber=1")));
    let both = futures_util::future::select(put, Box::pin(is_hanging)).await;
    assert!(matches!(both, futures_util::future::Either::Right(_)));
    let n_read = n_read.load(Ordering::Relaxed);
    assert!(n_read <= 2 * PART + 2 * CHUNK, "{n_read} bytes were read");
}

#[tokio::test]
async fn an_upload_that_cannot_be_completed_is_not_stored() {
    let server = WireServer::start(|request, _| {
        let line = request.line();
        let xml = [("content-type", "application/xml")];
        if line.contains("?uploads") {
            let begun = "<InitiateMultipartUploadResult><UploadId>up-1</UploadId>\
                         </InitiateMultipartUploadResult>";
            return WireResponse::new("200 OK", &xml, begun);
        }
        if line.starts_with("POST") {
            // S3 sends the status 200 before it knows how joining the parts will end.
            let error = "<Error><Code>InternalError</Code><Message>again</Message></Error>";
            return WireResponse::new("200 OK", &xml, error);
        }
        WireResponse::new("200 OK", &[("etag", "\"1\"")], "")
    })
    .await;
    let store = S3Store::new(settings(server.url())).unwrap();
    let put = store.put(&key(), "text/plain", arriving(&content(PART + 1))).await;
    assert!(matches!(put, Err(PortError::Transient { .. })), "{put:?}");
    assert!(server.requests().pop().unwrap().line().starts_with("DELETE"));
}

#[tokio::test]
async fn an_object_that_ends_early_is_an_error() {
    let server = WireServer::always(WireResponse::new("200 OK", &[], "0123456789").cut(60)).await;
    let store = S3Store::new(settings(server.url())).unwrap();
    let object = store.get(&key(), None).await.unwrap();
    assert_eq!(object.size, 10);
    let read: Result<Vec<Bytes>, _> = object.bytes.try_collect().await;
    assert!(read.is_err());
}

#[tokio::test]
async fn neither_the_key_nor_the_content_is_logged() {
    let server = Server::start();
    let logs = Logs::capture();
    let store = server.store();
    store.ensure_bucket().await.unwrap();
    let key = key();
    store.put(&key, "text/plain", arriving(b"canary-content")).await.unwrap();
    let object = store.get(&key, None).await.unwrap();
    assert_eq!(read(object.bytes).await, b"canary-content");
    server.stand_in.slow_down_next(100);
    store.get(&key, None).await.err().unwrap();

    let logged = logs.text();
    assert!(logged.contains("out.s3.put"), "the capture works");
    for canary in [server.stand_in.secret_key(), "canary-content"] {
        assert!(!logged.contains(canary), "{canary} was logged");
    }
}

#[test]
fn wrong_settings_are_named() {
    let with = |change: fn(&mut S3Settings)| {
        let mut settings = settings("http://127.0.0.1:9".to_owned());
        change(&mut settings);
        S3Store::new(settings).err().map(|error| error.to_string())
    };
    assert_eq!(with(|_| ()), None);
    assert_eq!(with(|it| it.bucket.clear()).unwrap(), "s3.bucket is empty");
    assert_eq!(with(|it| it.region.clear()).unwrap(), "s3.region is empty");
    let odd = with(|it| it.endpoint = Some("localhost".to_owned())).unwrap();
    assert_eq!(odd, "s3.endpoint is not an http:// or https:// address");
}
