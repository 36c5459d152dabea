//! Many readers: reconnecting, moved to other replicas, disconnected, and slow.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use ignacio_devstack::{
    openai::{Effect, Fault},
    scale,
};

use super::{ReplyReader, script_reply, words};
use crate::stack::{SERVE, SERVE_WITH_WORKER, Stack, until};

const PHONE: &str = "+573001110024";

/// Words come at a pace that leaves time to disconnect and reconnect.
fn delay_deltas(stack: &Stack, millis: u64) {
    stack.openai.fault(Fault::new(Effect::DeltaDelay { millis }).until_lifted());
}

/// Posts a message to one of the processes, and follows the reply there.
async fn begin(stack: &Stack, token: &str, replica: usize, words: &[String]) -> ReplyReader {
    script_reply(stack, words);
    let mut reading = ReplyReader::ask(stack, replica, token).await;
    reading.follow(stack, replica).await;
    reading
}

#[tokio::test]
async fn reconnecting_readers_miss_nothing() {
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], &[]).await;
    let token = stack.participant(PHONE).await.token;
    let words = words(60);
    delay_deltas(&stack, 20);
    let streams = (0..scale(10, 200)).map(|n| {
        let (stack, token, words) = (&stack, &token, &words);
        async move {
            let mut reading = begin(stack, token, n % 2, words).await;
            let (mut replica, mut n_visits) = (n % 2, 1);
            while !reading.is_over() {
                // On other replicas deltas arrive merged, so fewer events are enough.
                reading.read_events(if replica == 0 { 10 } else { 1 }).await;
                reading.disconnect();
                if !reading.is_over() {
                    // Anywhere: the text of the reply is as good as a random number.
                    replica = (n + reading.text().len() / 7) % 2;
                    reading.follow(stack, replica).await;
                    n_visits += 1;
                }
            }
            reading.assert_complete(stack, words, &format!("stream {n}")).await;
            n_visits
        }
    });
    let visits: Vec<usize> = join_all(streams).await;
    let n_visits: usize = visits.iter().sum();
    assert!(n_visits > 2 * visits.len(), "{visits:?}");
}

#[tokio::test]
async fn a_restart_moves_its_readers_to_other_replicas() {
    let mut stack =
        Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE, SERVE_WITH_WORKER], &[]).await;
    let token = stack.participant(PHONE).await.token;
    let words = words(20);
    stack.openai.fault(Fault::new(Effect::Pause { after_deltas: 3 }).until_lifted());
    let mut readings =
        join_all((0..scale(10, 200)).map(|_| begin(&stack, &token, 2, &words))).await;

    // The last process writes most of these replies and streams all of them.
    let leaver = stack.take_last_process();
    let stopping = tokio::task::spawn_blocking(move || leaver.stop());
    join_all(readings.iter_mut().map(async |reading| {
        reading.read_all().await;
        assert_eq!((reading.n_reconnect_hints, reading.is_over()), (1, false));
    }))
    .await;
    stack.openai.lift_all();
    let gaps = join_all(readings.iter_mut().map(async |reading| {
        let left = Instant::now();
        reading.follow(&stack, 1).await;
        reading.read_chunk().await;
        let gap = left.elapsed();
        reading.read_all().await;
        gap
    }));
    println!("the longest gap was {:?}", gaps.await.into_iter().max());
    stopping.await.unwrap();

    for reading in &readings {
        reading.assert_complete(&stack, &words, "after a restart").await;
    }
    let n_requests = stack.openai.counters().responses;
    assert_eq!(n_requests, u64::try_from(readings.len()).unwrap());
}

/// How many streams a process has open.
async fn n_streams(stack: &Stack, replica: usize) -> u64 {
    let body = stack.metrics_of(replica).await;
    let line = body.lines().find_map(|it| it.strip_prefix("sse_streams "));
    line.map_or(0, |it| it.trim().parse().unwrap())
}

fn n_open_files(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count()
}

/// Resident memory in KiB.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Opens a raw stream and reads nothing.
fn open_by_hand(stack: &Stack, replica: usize, reading: &ReplyReader) -> TcpStream {
    let address = stack.address_of(replica);
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!(
        "GET /v1/responses/{}/events HTTP/1.1\r\nhost: {address}\r\n\
         authorization: Bearer {}\r\naccept: text/event-stream\r\n\r\n",
        reading.response, reading.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// This many readers connect besides the first one and disconnect without notice.
async fn connect_and_disconnect(stack: &Stack, reading: &ReplyReader, n_readers: usize) {
    let clients: Vec<_> = (0..n_readers).map(|_| open_by_hand(stack, 1, reading)).collect();
    let all = u64::try_from(n_readers).unwrap() + 1;
    until("all streams", async || n_streams(stack, 1).await == all).await;
    assert!(n_open_files(stack.pid(1)) > n_readers);
    for (n, mut client) in clients.into_iter().enumerate() {
        // Clients that have read everything close the connection; the others reset it.
        if n % 2 == 0 {
            client.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
            while client.read(&mut [0; 4_096]).is_ok_and(|it| it > 0) {}
        }
    }
    let begun = Instant::now();
    until("all gone", async || n_streams(stack, 1).await == 1).await;
    println!("{n_readers} readers were closed {:?} after they disconnected", begun.elapsed());
}

#[tokio::test]
async fn disconnected_readers_leak_nothing() {
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], &[]).await;
    let token = stack.participant(PHONE).await.token;
    stack.openai.fault(Fault::new(Effect::Pause { after_deltas: 3 }));
    let mut reading = begin(&stack, &token, 1, &words(9)).await;
    reading.read_words(3).await;
    let n_readers = scale(50, 1_000);
    // What a process opens only once, such as its connections to Postgres, is opened by the first
    // wave.
    connect_and_disconnect(&stack, &reading, n_readers).await;
    let n_files = n_open_files(stack.pid(1));

    connect_and_disconnect(&stack, &reading, n_readers).await;

    until("all closed", async || n_open_files(stack.pid(1)) <= n_files + 5).await;
    stack.openai.lift_all();
    reading.read_all().await;
    assert_eq!(reading.end(), Some("response.completed"));
}

#[tokio::test]
async fn slow_readers_use_little_memory_and_delay_no_one() {
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER], &[]).await;
    let token = stack.participant(PHONE).await.token;
    // As much as a reply may have, in tiny pieces: about 300 KB of events.
    let mut words = vec!["año "; 4_000];
    words.insert(0, "palabra");
    let words: Vec<_> = words.into_iter().map(str::to_owned).collect();
    stack.openai.fault(Fault::new(Effect::Pause { after_deltas: 1 }));
    let mut first = begin(&stack, &token, 0, &words).await;
    first.read_words(1).await;
    let (n_slow, n_normal) = (scale(10, 200), scale(3, 50));
    let before = resident(stack.pid(0));
    let slow: Vec<_> = (0..n_slow).map(|_| open_by_hand(&stack, 0, &first)).collect();
    let all = u64::try_from(n_slow).unwrap() + 1;
    until("all slow readers", async || n_streams(&stack, 0).await == all).await;

    stack.openai.lift_all();
    first.read_all().await;
    assert_eq!(first.text(), words.concat());
    let normal = join_all((0..n_normal).map(async |_| {
        let mut reading = begin(&stack, &token, 0, &words).await;
        reading.read_all().await;
        assert_eq!(reading.text(), words.concat());
    }));
    normal.await;
    let cost = resident(stack.pid(0)).saturating_sub(before) / 1_024;
    println!("{n_slow} slow readers besides {n_normal} others: {cost} MiB more");
    assert!(cost <= 64, "{cost} MiB");
    if scale(false, true) {
        let begun = Instant::now();
        until("the end of the slow ones", async || n_streams(&stack, 0).await == 0).await;
        println!("the slow ones were closed {:?} later", begun.elapsed());
    }
    drop(slow);
}
