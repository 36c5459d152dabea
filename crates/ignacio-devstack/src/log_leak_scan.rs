//! Collects logs and secrets while tests run under `cargo xtask log-leak-scan`.
//!
//! The tool sets [`DIRECTORY`]. Each test process then logs everything into a file there, at TRACE
//! and without the service's last filter, and writes down next to it the personal values that it
//! meets: as clients sent and received them, as the stand-ins received them, and as a database
//! holds them at the end of a test. The tool searches the logs for the values. Without the
//! variable nothing here does anything.

use std::{
    collections::HashSet,
    env,
    fs::File,
    io::{self, Write},
    path::PathBuf,
    process,
    sync::{Mutex, Once, OnceLock},
};

use serde_json::Value;
use sqlx::Connection as _;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, fmt, fmt::format::FmtSpan, layer::SubscriberExt as _, registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::{loopback::lock, postgres};

/// The variable that names the folder for logs and secrets.
pub const DIRECTORY: &str = "IGNACIO_LOG_LEAK_SCAN_DIR";

/// What is logged: everything but the stand-ins and what the service never logs, whatever its
/// filter says. A test of the server compares it with the service's own list.
pub const FILTER: &str = "trace,async_openai=off,actix_http=info,aws_=info,h2=info,hyper=info,\
    reqwest=info,rustls=info,sea_orm=info,sqlx=warn,ignacio_devstack=off,s3s=off,s3s_fs=off";

/// Fields of requests, answers and events whose values are personal.
const PERSONAL: &str = " actor_name code content device_name device_token filename input name phone \
    q quote reason text title to token ";

/// Columns whose values are personal.
const COLUMNS: &str = "users.phone_number users.name conversations.title messages.content \
    citations.quote citations.file_name user_files.file_name user_sessions.device_name \
    known_devices.name otp_codes.phone_number outbox.phone_number outbox.provider_message_id \
    access_grants.reason";

/// Shorter values are not searched for.
const MIN_CHARS: usize = 6;

/// The files of this process.
struct Files {
    directory: PathBuf,
    log: Mutex<File>,
    secrets: Mutex<(File, HashSet<String>)>,
}

fn files() -> Option<&'static Files> {
    static FILES: OnceLock<Option<Files>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let directory = PathBuf::from(env::var_os(DIRECTORY)?);
        let create = |kind| File::create(directory.join(format!("{kind}-{}", process::id())));
        let (log, secrets) = (create("log").ok()?, create("secrets").ok()?);
        Some(Files { directory, log: log.into(), secrets: (secrets, HashSet::new()).into() })
    });
    files.as_ref()
}

/// Whether the tool is running.
pub fn is_watching() -> bool {
    files().is_some()
}

/// Starts to log everything, where the tool is running and the process has no log yet.
pub fn watch() {
    static INSTALL: Once = Once::new();
    if is_watching() {
        INSTALL.call_once(|| {
            // A test that reads its own log adds the layer to it.
            let _has_a_log = tracing_subscriber::registry().with(layer()).try_init();
        });
    }
}

/// A layer that logs everything where the tool is running, for tests with a log of their own.
pub fn layer<S>() -> Option<Box<dyn Layer<S> + Send + Sync>>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let files = files()?;
    let lines = fmt::layer().with_ansi(false).with_span_events(FmtSpan::NEW);
    let lines = lines.with_writer(move || Shared(&files.log));
    Some(lines.with_filter(EnvFilter::new(FILTER)).boxed())
}

/// Adds the log of a process that a test started.
pub fn log(process: u32, text: &str) {
    let Some(files) = files() else { return };
    let path = files.directory.join(format!("log-{process}"));
    let file = File::options().create(true).append(true).open(path);
    // The tool reports logs that are missing.
    let _written = file.and_then(|mut file| file.write_all(text.as_bytes()));
}

/// Writes down a value that must not be logged, unless it is too common to be searched for.
pub fn note(secret: &str) {
    let Some(files) = files() else { return };
    let (file, known) = &mut *lock(&files.secrets);
    let parts = secret.lines().map(str::trim).filter(|part| is_distinctive(part));
    for part in parts {
        if known.insert(part.to_owned()) {
            let _written = writeln!(file, "{part}");
        }
    }
}

/// Writes down the personal fields of a document, however deep they are.
pub fn note_json(document: &Value) {
    if is_watching() {
        note_fields(document, false);
    }
}

fn note_fields(value: &Value, is_personal: bool) {
    match value {
        Value::String(text) if is_personal => note(text),
        Value::Array(values) => values.iter().for_each(|it| note_fields(it, is_personal)),
        // The title and the code of a problem are our own.
        Value::Object(fields) if fields.contains_key("type") && fields.contains_key("status") => {}
        Value::Object(fields) => {
            for (name, value) in fields {
                note_fields(value, PERSONAL.contains(&format!(" {name} ")));
            }
        }
        _ => {}
    }
}

/// Writes down what the personal columns hold at the end of a test.
pub(crate) async fn note_database(url: &str) {
    if !is_watching() {
        return;
    }
    // Some test databases accept no connections, or have none of the service's tables.
    let Ok(mut admin) = postgres::connect(url).await else { return };
    for (table, column) in COLUMNS.split(' ').filter_map(|it| it.split_once('.')) {
        let statement = format!("SELECT {column} FROM {table}");
        let values = postgres::first_column(&mut admin, &statement).await.unwrap_or_default();
        values.iter().flatten().for_each(|value| note(value));
    }
    let _closed = admin.close().await;
}

/// Long enough, and more than a word or an id, which our own log lines may hold too.
fn is_distinctive(text: &str) -> bool {
    let is_id = text.len() == 36 && text.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    let is_word = text.bytes().all(|it| it.is_ascii_lowercase() || matches!(it, b'_' | b'.'));
    text.chars().count() >= MIN_CHARS && !is_word && !is_id
}

/// A file that all threads write to, a line at a time.
struct Shared(&'static Mutex<File>);

impl Write for Shared {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        lock(self.0).write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
