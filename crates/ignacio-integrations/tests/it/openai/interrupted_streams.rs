//! The stand-in's stream over a socket: cut at any byte, in chunks of any size, with repeated and
//! unknown events.

use ignacio_devstack::{
    OpenAiOptions, OpenAiStandIn, log_leak_scan,
    openai::{Effect, Fault, Script},
    scale,
};
use ignacio_domain::{
    ports::{Assistant as _, AssistantEvent, AssistantEventKind},
    response::ReplyOutcome,
};

use super::{Read, openai, prompt};
use crate::support::logs;

/// Letters of one to four bytes.
const WORDS: [&str; 9] =
    ["Según ", "tu guía 🚀, ", "el año ", "dura ", "seis ", "semanas. ", "漢字 ", "¡Ánimo", "!"];

fn stand_in() -> OpenAiStandIn {
    logs::install();
    log_leak_scan::note(&WORDS.concat());
    OpenAiStandIn::start(OpenAiOptions::for_tests()).unwrap()
}

/// The next reply is disturbed in this way.
fn disturbed(stand_in: &OpenAiStandIn, effect: Effect) {
    stand_in.script(Script::deltas(WORDS));
    stand_in.fault(Fault::new(effect).on("POST", "/v1/responses"));
}

fn provider_id(events: &[AssistantEvent]) -> Option<&str> {
    events.iter().find_map(|it| match &it.kind {
        AssistantEventKind::Started { provider_id } => Some(provider_id.as_str()),
        _ => None,
    })
}

#[tokio::test]
async fn a_stream_that_is_cut_at_any_byte_is_never_complete_and_can_be_followed_to_its_end() {
    let stand_in = stand_in();
    let openai = openai(stand_in.base_url());
    let mut n_cuts = 0;
    for bytes in (0..).step_by(scale(37, 1)) {
        disturbed(&stand_in, Effect::CutAfterBytes { bytes });
        // Without any byte there is not even a head.
        let Ok(stream) = openai.start(prompt("¿Cuánto dura?")).await else {
            assert_eq!(bytes, 0);
            continue;
        };
        let mut read = Read::all(stream).await;
        if read.outcome() == Some(&ReplyOutcome::Completed) {
            // The end arrived before the cut.
            assert_eq!(read.text(), WORDS.concat());
            break;
        }
        n_cuts += 1;
        assert_eq!(read.outcome(), None, "cut at {bytes}");
        assert!(WORDS.concat().starts_with(&read.text()), "cut at {bytes}");
        let Some(id) = provider_id(&read.events) else { continue };

        let cursor = read.cursor();
        let rest = Read::all(openai.resume(id, -1).await.unwrap()).await;
        read.events.extend(rest.events.into_iter().filter(|it| it.cursor > cursor));
        assert_eq!(read.text(), WORDS.concat(), "cut at {bytes}");
        assert_eq!(read.outcome(), Some(&ReplyOutcome::Completed), "cut at {bytes}");
    }
    assert!(n_cuts > scale(50, 2_000), "only {n_cuts} cuts");
}

#[tokio::test]
async fn a_stream_in_chunks_of_any_size_reads_the_same() {
    let stand_in = stand_in();
    let openai = openai(stand_in.base_url());
    for bytes in 1..=64 {
        disturbed(&stand_in, Effect::Rechunk { bytes });
        let read = Read::all(openai.start(prompt("¿Cuánto dura?")).await.unwrap()).await;
        assert_eq!(read.text(), WORDS.concat(), "crumbs of {bytes}");
        assert_eq!(read.outcome(), Some(&ReplyOutcome::Completed), "crumbs of {bytes}");
    }
}

#[tokio::test]
async fn unknown_and_repeated_events_change_nothing() {
    let stand_in = stand_in();
    let openai = openai(stand_in.base_url());
    for every in 1..=10 {
        let repeats = u64::try_from(every).unwrap();
        for effect in [Effect::UnknownEvents { every }, Effect::RepeatEvents { every: repeats }] {
            disturbed(&stand_in, effect.clone());
            let read = Read::all(openai.start(prompt("¿Cuánto dura?")).await.unwrap()).await;
            assert_eq!(read.text(), WORDS.concat(), "{effect:?}");
            assert_eq!(read.outcome(), Some(&ReplyOutcome::Completed), "{effect:?}");
        }
    }
}
