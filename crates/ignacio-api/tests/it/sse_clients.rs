//! Clients that resume beyond the end, clients that do not read, and many clients at once.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use ignacio_devstack::scale;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::UsageCost;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::stack::Stack;
use crate::users::User;

/// Posts a message in a new conversation; returns the address of the reply's events.
async fn start_reply(user: &User) -> String {
    let at = user.start_conversation("uno").await;
    let posted = user.post_message(&at, "hola").await;
    format!("/v1/responses/{}/events", posted["response"]["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_client_that_has_the_last_event_is_told_to_stop() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let target = start_reply(&ana).await;
    let mut reply = stack.claim_reply().await;
    reply.push(ReplyEvent::Delta("Hola.".to_owned()));
    assert!(reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
    drop(reply);

    let whole = ana.get(&target).events().await.rest().await;
    let last = whole.last().unwrap().id.unwrap();
    for seen in [last, last + 1, i64::MAX] {
        let again = ana.get(&target).header("last-event-id", seen.to_string());
        let told = again.header("accept", "text/event-stream").send().await;
        assert_eq!((told.status.as_u16(), told.body.len()), (204, 0), "{seen}");
    }
    let almost = ana.get(format!("{target}?after={}", last - 1)).events().await.rest().await;
    assert_eq!(almost, whole[whole.len() - 1..]);
}

#[tokio::test]
async fn a_client_ahead_of_the_log_waits_for_its_event() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let target = start_reply(&ana).await;
    let mut reply = stack.claim_reply().await;
    reply.push(ReplyEvent::Delta("uno ".to_owned()));
    // As if a process had sent number 3 and died before it stored it.
    let mut ahead = ana.get(&target).header("last-event-id", "3").events().await;
    let far_ahead = ana.get(&target).header("last-event-id", "99").events().await;

    reply.push(ReplyEvent::Delta("dos ".to_owned()));
    reply.push(ReplyEvent::Delta("tres".to_owned()));
    let next = ahead.next().await.unwrap();
    assert_eq!((next.id, next.data), (Some(4), json!({ "text": "tres" })));
    assert!(reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
    drop(reply);

    assert_eq!(ahead.rest().await.len(), 1);
    assert_eq!(far_ahead.rest().await.len(), 0);
}

#[tokio::test]
async fn of_concurrent_posts_one_wins_and_the_others_name_the_running_response() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let n_posts = scale(20, 100);

    let answers = join_all((0..n_posts).map(|n| {
        let body = json!({ "content": format!("mensaje {n}") });
        ana.post(format!("{at}/messages")).json(&body).send()
    }));
    let (taken, refused): (Vec<_>, Vec<_>) =
        answers.await.into_iter().partition(|it| it.status.as_u16() == 201);

    let [taken] = <[_; 1]>::try_from(taken).unwrap();
    let running = taken.json()["response"]["id"].clone();
    assert_eq!(refused.len(), n_posts - 1);
    for response in refused {
        let problem = response.problem(409, "response-running");
        assert_eq!(problem["response_id"], running, "{problem}");
    }
    assert_eq!(stack.database.query_i64("select count(*) from responses").await, 1);
    assert_eq!(stack.database.query_i64("select count(*) from messages").await, 2);
}

/// Requests a stream through a socket with a tiny buffer, and does not read it.
async fn slow_reader(stack: &Stack, user: &User, target: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut stream = socket.connect(stack.address).await.unwrap();
    let head = format!(
        "GET {target} HTTP/1.1\r\nhost: ignacio\r\nauthorization: Bearer {}\r\n\
         accept: text/event-stream\r\n\r\n",
        user.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// The ports of the clients that are connected to the server, as the kernel sees it.
fn connected_ports(stack: &Stack) -> HashSet<u16> {
    let port = format!(":{:04X}", stack.address.port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1).map(|it| it.split_whitespace().collect::<Vec<_>>());
    let ours = rows.filter(|row| row[1].ends_with(&port) && row[3] == "01");
    ours.map(|row| u16::from_str_radix(row[2].rsplit(':').next().unwrap(), 16).unwrap()).collect()
}

#[tokio::test]
async fn a_stalled_reader_is_dropped_and_slows_nobody() {
    let stack = Stack::with(|it| it.write_timeout = Duration::from_millis(700)).await;
    let ana = stack.participant("Ana").await;
    let target = start_reply(&ana).await;
    let mut reply = stack.claim_reply().await;
    let mut slow = Vec::new();
    for n in 0..scale(10, 200) {
        let mut reader = slow_reader(&stack, &ana, &target).await;
        // Half of them read nothing at all, the others a byte now and then.
        let mut byte = [0];
        assert_eq!(reader.read(&mut byte).await.unwrap(), 1);
        slow.push((n % 2 == 0, reader));
    }
    let mut normal = ana.get(&target).events().await;
    assert_eq!(normal.next().await.unwrap().name, "response.created");

    let paragraph = "Una frase que nadie lee. ".repeat(40);
    let mut n_told = 0;
    let ports: HashSet<u16> = slow.iter().map(|(_, it)| it.local_addr().unwrap().port()).collect();
    while !connected_ports(&stack).is_disjoint(&ports) {
        n_told += 1;
        assert!(n_told < 20_000, "they are still there");
        reply.push(ReplyEvent::Delta(paragraph.clone()));
        assert!(reply.flush(None).await.unwrap());
        // A client that reads gets each delta, whatever the others do.
        assert_eq!(normal.next().await.unwrap().data["text"], paragraph);
        for (_, reader) in slow.iter_mut().filter(|(reads, _)| *reads) {
            let _nothing_or_a_byte = reader.try_read(&mut [0]);
        }
    }
    assert!(reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
    assert_eq!(normal.rest().await.last().unwrap().name, "response.completed");
    for (_, mut reader) in slow {
        let mut rest = Vec::new();
        let broken = reader.read_to_end(&mut rest).await.is_err();
        assert!(broken || !String::from_utf8_lossy(&rest).contains("response.completed"));
    }
}
