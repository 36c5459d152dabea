//! Packed events read back with the same text, from every number on.

use super::*;

fn events() -> Vec<NumberedEvent> {
    let message = MessageId::new();
    [
        ReplyEvent::Created { response: ResponseId::from_uuid(Uuid::nil()), message },
        ReplyEvent::ToolStarted(ToolKind::FileSearch),
        ReplyEvent::ToolFinished(ToolKind::FileSearch),
        ReplyEvent::Delta("El ".into()),
        ReplyEvent::Delta("piloto ".into()),
        ReplyEvent::Delta("dura".into()),
        ReplyEvent::Cited(Citation {
            file: Some(FileId::new()),
            file_name: "guía.pdf".into(),
            quote: Some("seis semanas".into()),
            position: 14,
            verified: None,
        }),
        ReplyEvent::FilePending { file: FileId::new(), name: "plan.pdf".into() },
        ReplyEvent::Delta(" seis".into()),
        ReplyEvent::Titled("El piloto".into()),
        ReplyEvent::Used(Usage { input: 1, cached: 0, output: 2, reasoning: 0 }),
        ReplyEvent::Ended(ReplyOutcome::Incomplete { reason: "max_output_tokens".into() }),
    ]
    .into_iter()
    .zip(1..)
    .map(|(event, seq)| NumberedEvent { seq, event })
    .collect()
}

fn text(events: &[NumberedEvent]) -> String {
    events
        .iter()
        .filter_map(|it| match &it.event {
            ReplyEvent::Delta(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn every_kind_survives_the_columns() {
    for row in pack(&events()) {
        let (kind, payload) = row.encode().unwrap();
        assert_eq!(LogRow::decode(row.first_seq, row.seq, &kind, &payload).unwrap(), row);
    }
}

#[test]
fn a_reader_can_join_after_any_event() {
    let all = events();
    let response = ResponseId::from_uuid(Uuid::nil());
    for after in 0..=12 {
        let read: Vec<_> =
            pack(&all).into_iter().filter_map(|row| row.into_event(response, after)).collect();
        let expected: Vec<_> = all.iter().filter(|it| it.seq > after).cloned().collect();
        assert_eq!(text(&read), text(&expected), "after {after}");
        assert!(read.iter().all(|it| it.seq > after));
        assert_eq!(read.last().map(|it| it.seq), expected.last().map(|it| it.seq));
    }
}

#[test]
fn neighbouring_deltas_share_a_row() {
    let spans: Vec<_> = pack(&events()).iter().map(|row| (row.first_seq, row.seq)).collect();
    let mut expected = vec![(1, 1), (2, 2), (3, 3), (4, 6)];
    expected.extend((7..=12).map(|it| (it, it)));
    assert_eq!(spans, expected);
}

#[test]
fn malformed_rows_are_errors() {
    let error = LogRow::decode(1, 1, "delta", &serde_json::json!({"text": 1})).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { table: "response_events", .. }));
}
