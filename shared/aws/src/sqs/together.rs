//! Sends of handlers that work at the same time, in one request: what ten messages of a batch
//! send on is one call to SQS, not ten.
//!
//! Whoever comes first waits until all others wait for it, or for a moment, then sends for all of
//! them; what arrives while it sends goes with the next request. Each sender learns what became of its own messages.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as Buffer, PoisonError};
use std::time::Duration;

use holdfast_engine::port::{Outgoing, PortError};
use tokio::sync::{Mutex, oneshot};

/// How long the first sender waits at most for the handlers that are still at work.
const WINDOW: Duration = Duration::from_millis(25);

/// How often it looks whether all of them wait for it.
const LOOK: Duration = Duration::from_millis(1);

/// What waits for one request. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Together(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Buffer<Vec<Waiting>>,
    /// Held by whoever sends.
    sending: Mutex<()>,
    /// Handlers at work.
    handlers: AtomicUsize,
}

#[derive(Debug)]
struct Waiting {
    messages: Vec<Outgoing>,
    answer: oneshot::Sender<Result<(), PortError>>,
}

/// Counts a handler until it is dropped.
#[derive(Debug)]
pub struct AtWork(Arc<Shared>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.handlers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Together {
    /// A handler begins.
    pub(super) fn begin(&self) -> AtWork {
        self.0.handlers.fetch_add(1, Ordering::Relaxed);
        AtWork(Arc::clone(&self.0))
    }

    /// Sends these messages, with those of others: `send` gets all of them, and says of each
    /// whether it was sent.
    pub(super) async fn send<F, S>(&self, messages: Vec<Outgoing>, send: F) -> Result<(), PortError>
    where
        F: FnOnce(Vec<Outgoing>) -> S,
        S: Future<Output = Vec<Result<(), PortError>>>,
    {
        let (answer, mut answered) = oneshot::channel();
        self.buffer().push(Waiting { messages, answer });
        let sending = self.0.sending.lock().await;
        if let Ok(answer) = answered.try_recv() {
            return answer;
        }
        self.wait_for_others().await;
        let waiting = std::mem::take(&mut *self.buffer());
        let all = waiting
            .iter()
            .flat_map(|one| one.messages.clone())
            .collect();
        let mut results = send(all).await.into_iter();
        drop(sending);
        for one in waiting {
            let own: Vec<_> = results.by_ref().take(one.messages.len()).collect();
            let first = own.into_iter().find(Result::is_err);
            // Nobody listens any more where the handler ran out of time.
            let _ = one.answer.send(first.unwrap_or(Ok(())));
        }
        // A sender that was cut while it sent for others leaves them without an answer.
        answered.await.unwrap_or_else(|_| {
            let message = "whoever sent for this message was cut".to_owned();
            Err(PortError::Unavailable(message))
        })
    }

    /// A handler that ends without sending is no longer at work.
    async fn wait_for_others(&self) {
        let begin = tokio::time::Instant::now();
        while self.buffer().len() < self.0.handlers.load(Ordering::Relaxed)
            && begin.elapsed() < WINDOW
        {
            tokio::time::sleep(LOOK).await;
        }
    }

    fn buffer(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use holdfast_engine::name::TenantName;
    use holdfast_engine::port::QueueName;
    use jiff::Timestamp;

    use super::*;

    fn message(body: &str) -> Outgoing {
        Outgoing {
            queue: QueueName::of("send-sms"),
            body: body.to_owned(),
            delay: Duration::ZERO,
            tenant: TenantName::new("demo").unwrap(),
            created: Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn what_is_sent_at_the_same_time_is_one_request_and_each_learns_of_its_own() {
        let (together, requests) = (Together::default(), RefCell::new(Vec::new()));
        let handlers: Vec<_> = (0..3).map(|_| together.begin()).collect();
        let send = async |body: &str| {
            let request = |all: Vec<Outgoing>| {
                let refused = |one: &Outgoing| match one.body.as_str() {
                    "bad" => Err(PortError::Throttled),
                    _ => Ok(()),
                };
                requests.borrow_mut().push(all.len());
                std::future::ready(all.iter().map(refused).collect())
            };
            together.send(vec![message(body)], request).await
        };
        let results = tokio::join!(send("a"), send("bad"), send("b"));
        assert_eq!(results, (Ok(()), Err(PortError::Throttled), Ok(())));
        assert_eq!(*requests.borrow(), [3]);
        drop(handlers);
    }

    #[tokio::test]
    async fn a_sender_that_is_cut_leaves_nobody_waiting() {
        let together = Together::default();
        let never = |_: Vec<Outgoing>| std::future::pending::<Vec<Result<(), PortError>>>();
        let handlers = [together.begin(), together.begin()];
        let cut = tokio::time::timeout(
            Duration::from_millis(10),
            together.send(vec![message("a")], never),
        );
        let waits = async {
            tokio::task::yield_now().await;
            let sent = |all: Vec<Outgoing>| std::future::ready(vec![Ok(()); all.len()]);
            together.send(vec![message("b")], sent).await
        };
        let (cut, waited) = tokio::join!(cut, waits);
        assert!(cut.is_err());
        assert!(waited.is_err());
        let sent = |all: Vec<Outgoing>| std::future::ready(vec![Ok(()); all.len()]);
        assert_eq!(together.send(vec![message("c")], sent).await, Ok(()));
        drop(handlers);
    }
}
