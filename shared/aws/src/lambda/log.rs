//! The log: JSON lines on standard output, which the platform keeps.

use tracing_subscriber::EnvFilter;

use crate::config::log_filter;

pub(super) fn init() {
    let filter = EnvFilter::new(log_filter());
    let log = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_current_span(true)
        .with_span_list(false)
        .without_time()
        .with_ansi(false);
    // An error says that a log is there already.
    let _ = log.try_init();
}
