//! The store takes what is signed, refuses what is not, and misbehaves on demand.

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    error::ProvideErrorMetadata as _,
    primitives::ByteStream,
};
use ignacio_devstack::{S3Options, S3StandIn, s3::REGION};

use crate::http;

const BUCKET: &str = "user-files";

#[tokio::test]
async fn what_is_put_can_be_got() {
    let store = started(S3Options::default());
    let client = client_of(&store);

    put(&client, "users/ana/plan.txt", "El presupuesto").await.unwrap();

    let got = client.get_object().bucket(BUCKET).key("users/ana/plan.txt").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), "El presupuesto");
    assert_eq!(store.keys(BUCKET), ["users/ana/plan.txt"]);

    client.delete_object().bucket(BUCKET).key("users/ana/plan.txt").send().await.unwrap();
    assert_eq!(store.object_count(BUCKET), 0);
}

#[tokio::test]
async fn a_request_without_a_signature_is_refused() {
    let store = started(S3Options::default());
    put(&client_of(&store), "secret.txt", "only for Ana").await.unwrap();

    let answer = http::get(&format!("{}/{BUCKET}/secret.txt", store.endpoint()), None).await;

    assert_eq!(answer.status, 403);
    assert!(!answer.body.contains("only for Ana"));
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let store = started(S3Options::default());
    let client = client(&store.endpoint(), store.access_key(), "a-guess");

    let refused = put(&client, "a.txt", "a").await.unwrap_err();

    assert_eq!(refused.as_deref(), Some("SignatureDoesNotMatch"));
    assert_eq!(store.object_count(BUCKET), 0);
}

#[tokio::test]
async fn slow_down_is_answered_as_often_as_asked() {
    let store = started(S3Options::default());
    let client = client_of(&store);

    store.slow_down_next(2);

    for _ in 0..2 {
        let refused = put(&client, "a.txt", "a").await.unwrap_err();
        assert_eq!(refused.as_deref(), Some("SlowDown"));
    }
    put(&client, "a.txt", "a").await.unwrap();
    assert_eq!(store.request_count(), 3);
}

#[tokio::test]
async fn a_store_that_is_down_does_not_answer_until_it_is_back() {
    let store = started(S3Options::default());
    let client = client_of(&store);

    store.take_down();
    let refused = put(&client, "a.txt", "a").await.unwrap_err();
    assert_eq!(refused, None, "there is no answer to read a code from");

    store.clear_faults();
    put(&client, "a.txt", "a").await.unwrap();
}

#[tokio::test]
async fn a_second_start_finds_objects_and_keys() {
    let folder = tempfile::tempdir().unwrap();
    let options = S3Options { data: Some(folder.path().join("s3")), port: None };
    let first = started(options.clone());
    put(&client_of(&first), "a.txt", "a").await.unwrap();
    let secret = first.secret_key().to_owned();
    drop(first);

    let second = started(options);

    assert_eq!(second.secret_key(), secret);
    assert_eq!(second.keys(BUCKET), ["a.txt"]);
}

#[tokio::test]
async fn a_dropped_store_frees_its_port() {
    let store = started(S3Options::default());
    let port = store.endpoint().rsplit_once(':').unwrap().1.parse().unwrap();
    put(&client_of(&store), "a.txt", "a").await.unwrap();
    drop(store);

    let again = started(S3Options { data: None, port: Some(port) });

    assert_eq!(again.object_count(BUCKET), 0);
}

fn started(options: S3Options) -> S3StandIn {
    let store = S3StandIn::start(options).unwrap();
    store.create_bucket(BUCKET).unwrap();
    store
}

fn client_of(store: &S3StandIn) -> Client {
    client(&store.endpoint(), store.access_key(), store.secret_key())
}

fn client(endpoint: &str, access_key: &str, secret_key: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .region(Region::new(REGION))
        .force_path_style(true)
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// Puts an object; a refusal is the code that the store gave, if it answered at all.
async fn put(client: &Client, key: &str, content: &'static str) -> Result<(), Option<String>> {
    let body = ByteStream::from_static(content.as_bytes());
    let sent = client.put_object().bucket(BUCKET).key(key).body(body).send().await;
    sent.map(drop).map_err(|error| error.code().map(String::from))
}
