//! Secrets are redacted in both forms of the log, and nothing else is.

use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt;

use super::*;

const BODY: &str = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF0a1b2c3d";

fn text(line: &str) -> String {
    String::from_utf8(redacted(line.as_bytes()).into_owned()).unwrap()
}

#[test]
fn everything_that_looks_like_a_secret_is_redacted() {
    let token = format!("ign_{BODY}");
    for (line, is) in [
        (format!("seen {token}."), "seen [token]."),
        (format!("device igd_{BODY}, gone"), "device [token], gone"),
        (format!("cookie: __Host-session={token}"), "cookie: __Host-session=[token]"),
        ("id=wamid.HBgMNTczMDAxMTEwMDAyFQIAERgS==".to_owned(), "id=[message id]"),
        ("Incorrect key: sk-proj-Ab12_x".to_owned(), "Incorrect key: [key]"),
        ("token EAAGm0PX4ZCpsBAKZCexample123".to_owned(), "token [key]"),
        ("sent Bearer a.secret.of.somebody".to_owned(), "sent Bearer [credentials]"),
        (
            r#""authorization": "Basic YTpi", "x""#.to_owned(),
            r#""authorization": "[credentials]", "x""#,
        ),
        (
            r#"{"m":"{\"Authorization\": \"Bearer ab\"}"}"#.to_owned(),
            r#"{"m":"{\"Authorization\": \"[credentials]\"}"}"#,
        ),
        ("at postgres://ana:p%40ss@db:5432/x".to_owned(), "at postgres://[credentials]@db:5432/x"),
        ("at postgresql://ana@db/x".to_owned(), "at postgresql://[credentials]@db/x"),
        ("to +573001110002 now".to_owned(), "to [phone] now"),
        ("to +57 300 111-0002, now".to_owned(), "to [phone], now"),
        ("?q=%2B573001110002&n=1".to_owned(), "?q=[phone]&n=1"),
        ("573001110002 is not on WhatsApp".to_owned(), "[phone] is not on WhatsApp"),
        (r#"{\"wa_id\":\"573001110002\"}"#.to_owned(), r#"{\"wa_id\":\"[phone]\"}"#),
        ("(573001110002 573001110003)".to_owned(), "([phone] [phone])"),
    ] {
        assert_eq!(text(&line), is, "{line}");
    }
}

#[test]
fn ids_times_sizes_and_words_stay_as_they_are_and_nothing_is_copied() {
    for line in [
        r#"{"timestamp":"2026-11-22T21:07:14.123456789Z","level":"INFO","size":12345678901}"#,
        "2026-11-22T21:07:14.123456+00:00  INFO http{request.id=019a2b3c-4d5e-7f60-8123-123456789012}",
        "key=users/019a2b3c-4d5e-7123-8123-123456789012/019a2b3c-4d5e-7123-8123-210987654321",
        "took 12.345678901s, 1234567890123ns, ms=0.1234567890123",
        "resp_68f0c0ffee1234567890123456, vs_1234567890123, file-1234567890123",
        "POST https://graph.example/v23.0/106540352242922/messages",
        "a task-force takes a risk-based view; design_document_of_1234567890",
        "the bearer token is missing; authorization is asked for",
        "ms=12.5 n_rows=3 code=131026 http.response.status_code=200",
        "listening on http://127.0.0.1:8080/v1 and [::1]:9000",
    ] {
        assert!(matches!(redacted(line.as_bytes()), Cow::Borrowed(_)), "{line}: {}", text(line));
    }
}

#[test]
fn a_line_that_is_not_utf8_is_redacted_too() {
    let line = [b"\xff\xfe ".as_slice(), b"+573001110002 \xc3".as_slice()].concat();
    assert_eq!(redacted(&line).into_owned(), b"\xff\xfe [phone] \xc3");
}

/// Where the lines of a log end up.
#[derive(Clone, Default)]
pub(in crate::telemetry) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub(in crate::telemetry) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[test]
fn both_forms_of_the_log_are_redacted_in_messages_fields_and_spans() {
    let tell = || {
        let _span = tracing::error_span!("call", to = "+573001110002").entered();
        let token = format!("ign_{BODY}");
        tracing::error!(token, error = ?Err::<(), _>("\"573001110003\""), "+573001110004 failed");
    };
    let (json, plain) = (Lines::default(), Lines::default());
    let layer = fmt().json().flatten_event(true).with_writer(Redacting(json.clone()));
    tracing::subscriber::with_default(layer.finish(), tell);
    let layer = fmt().compact().with_ansi(false).with_writer(Redacting(plain.clone()));
    tracing::subscriber::with_default(layer.finish(), tell);

    for log in [json.text(), plain.text()] {
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.matches("[phone]").count() >= 3, "{log}");
        assert_eq!(log.matches("[token]").count(), 1, "{log}");
        assert!(!log.contains("57300") && !log.contains(BODY), "{log}");
    }
    let line: serde_json::Value = serde_json::from_str(&json.text()).unwrap();
    assert_eq!(line["message"], "[phone] failed");
}
