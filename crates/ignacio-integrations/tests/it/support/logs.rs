//! Everything that is logged during a test, at every level.

use std::{cell::RefCell, io, sync::Once};

use ignacio_devstack::log_leak_scan;
use tracing_subscriber::{
    EnvFilter,
    filter::dynamic_filter_fn,
    fmt::{self, format::FmtSpan},
    prelude::*,
};

/// Everything but the target that the crate tells binaries to turn off.
const FILTER: &str = "trace,async_openai=off";

thread_local! {
    static CAPTURED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// What was logged on this thread since the capture began. A test and all its tasks share one
/// thread; there is one subscriber for all threads, because tracing caches call sites that another
/// thread reached first without one.
pub(crate) struct Logs;

impl Logs {
    pub(crate) fn capture() -> Self {
        install();
        CAPTURED.set(Some(Vec::new()));
        Self
    }

    #[expect(clippy::unused_self, reason = "only a capture that was begun has a text")]
    pub(crate) fn text(self) -> String {
        String::from_utf8(CAPTURED.take().unwrap()).unwrap()
    }
}

/// Starts the log, for captures and for `cargo xtask log-leak-scan`.
pub(crate) fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let lines = fmt::layer()
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(|| ThisThread)
            .with_filter(dynamic_filter_fn(|_, _| is_capturing()));
        let registry = tracing_subscriber::registry().with(EnvFilter::new(FILTER));
        registry.with(log_leak_scan::layer()).with(lines).init();
    });
}

/// Also false while the thread ends.
fn is_capturing() -> bool {
    CAPTURED.try_with(|it| it.borrow().is_some()).unwrap_or(false)
}

struct ThisThread;

impl io::Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CAPTURED.with_borrow_mut(|it| it.get_or_insert_default().extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
