//! Waiting for what a deployed stack does in its own time.

use std::time::{Duration, Instant};

/// How long something may take. A stack on a busy machine is slow, and one that never gets there
/// fails the test all the same.
const PATIENCE: Duration = Duration::from_mins(2);

const PAUSE: Duration = Duration::from_millis(250);

/// What `look` sees once it sees something.
///
/// # Panics
/// When it sees nothing for two minutes.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(begin.elapsed() < PATIENCE, "it never happens: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
