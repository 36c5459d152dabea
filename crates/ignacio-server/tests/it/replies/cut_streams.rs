//! The provider's stream is cut at any byte, with the real program in between.

use futures_util::{StreamExt as _, stream};
use ignacio_devstack::{
    openai::{Effect, Fault, Script},
    scale,
};

use super::{ReplyReader, words};
use crate::stack::{SERVE_WITH_WORKER, Stack};

const PHONE: &str = "+573001110023";
/// How many replies are written concurrently.
const AT_ONCE: usize = 16;

/// Where to cut: everywhere in a reply, and shortly after its end.
fn places() -> Vec<u64> {
    (1..4_800).step_by(scale(200, 6)).collect()
}

/// Posts a message whose first upstream stream is cut at a byte; returns the reader once the reply
/// has ended, and how often the provider was asked for it.
async fn cut_at(stack: &Stack, token: &str, bytes: u64, words: &[String]) -> (ReplyReader, usize) {
    let mark = format!("corte {bytes:05}");
    // While no word has been shown, it may be requested again.
    for _ in 0..2 {
        stack.openai.script(Script::deltas(words.to_vec()).containing(&mark));
    }
    let cut = Fault::new(Effect::CutAfterBytes { bytes }).on("POST", "/v1/responses");
    stack.openai.fault(cut.containing(&mark));
    let mut reading = ReplyReader::ask_for(stack, 0, token, &mark).await;
    reading.follow(stack, 0).await;
    reading.read_all().await;
    let asked = stack.openai.calls_to("POST", "/v1/responses");
    let bodies = asked.iter().filter_map(|it| it.body.as_ref());
    let n_requests = bodies.filter(|it| it.to_string().contains(&mark)).count();
    (reading, n_requests)
}

#[tokio::test]
async fn a_reply_that_is_cut_at_any_byte_completes() {
    let stack = Stack::start().await;
    let token = stack.participant(PHONE).await.token;
    let words = words(12);
    let cuts = stream::iter(places()).map(async |it| {
        let (reading, n_requests) = cut_at(&stack, &token, it, &words).await;
        reading.assert_complete(&stack, &words, &format!("cut at {it}")).await;
        n_requests
    });
    let ends: Vec<_> = cuts.buffer_unordered(AT_ONCE).collect().await;

    // Before its id is known there is nothing to follow, and no word has been shown.
    let n_twice = ends.iter().filter(|n_requests| **n_requests != 1).count();
    assert!(ends.iter().all(|n_requests| (1..=2).contains(n_requests)));
    assert!(n_twice * 2 < ends.len(), "{n_twice} of {} were requested again", ends.len());
    let resumed = stack.openai.calls().iter().filter(|it| it.query.contains("stream=true")).count();
    assert!(resumed * 3 > ends.len(), "only {resumed} were followed again");
}

#[tokio::test]
async fn without_background_mode_a_cut_reply_keeps_its_text_and_says_so() {
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER], &[("OPENAI_MODE", "direct")]).await;
    let token = stack.participant(PHONE).await.token;
    let words = words(12);
    let cuts = stream::iter(places()).map(async |it| {
        let (reading, n_requests) = cut_at(&stack, &token, it, &words).await;
        if reading.end() == Some("response.completed") {
            reading.assert_complete(&stack, &words, &format!("cut at {it}")).await;
            return false;
        }
        assert_eq!(reading.end(), Some("response.failed"), "cut at {it}");
        let text = reading.text();
        assert!(!text.is_empty() && words.concat().starts_with(&text), "cut at {it}: {text}");
        assert_eq!(n_requests, 1, "no silent second call: cut at {it}");
        let stored = stack.user(&token).get(&format!("/v1/messages/{}", reading.message)).await;
        assert_eq!((&stored["content"], &stored["status"]), (&text.into(), &"failed".into()));
        true
    });
    let failed: Vec<bool> = cuts.buffer_unordered(AT_ONCE).collect().await;
    assert!(failed.contains(&true) && failed.contains(&false));
}
