//! The sweep over dead letters and what was recorded of messages: gives each dead letter without
//! an error record one, deletes none, and closes what has been settled since.
//!
//! Functions record what they cannot handle before the queue gives up. What is left are messages
//! whose function died each time, and those that it could not even record.

mod letter;
mod superseded;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::port::{Clock, DeadLetter, DeadLetters, MessageId, PortError, Ports, QueueName};

use letter::Found;

/// Dead letters looked at together.
const PAGE: usize = 50;

/// How long a dead letter may be written down later than its time says.
const LOOK_BACK: Duration = Duration::from_mins(1);

/// Open operations looked at in one pass.
const OPERATIONS: usize = 200;

/// How far each queue, and what is open, was looked at. In memory only: after a start all of it
/// is looked at again.
#[derive(Debug, Default)]
pub struct Sweep {
    cursors: BTreeMap<QueueName, Cursor>,
    operation: Option<String>,
}

/// The last dead letter that needs no further look.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cursor {
    at: Timestamp,
    id: MessageId,
}

impl Cursor {
    fn start() -> Self {
        Self::since(Timestamp::MIN)
    }

    fn since(at: Timestamp) -> Self {
        let id = MessageId(String::new());
        Self { at, id }
    }

    fn of(letter: &DeadLetter) -> Self {
        Self {
            at: letter.dead_at,
            id: letter.id.clone(),
        }
    }
}

impl Sweep {
    /// Looks at what was dead-lettered since the last pass, and returns how many were recorded;
    /// then looks at some of what is open, and closes what a settled step has left behind.
    ///
    /// # Errors
    /// [`PortError`] when the store fails; the next pass goes on there.
    pub async fn pass<P: Ports>(&mut self, ports: &P) -> Result<usize, PortError> {
        let mut recorded = 0;
        for queue in ports.dead_letters().queues() {
            recorded += self.queue(ports, &queue).await?;
        }
        let after = self.operation.as_deref();
        self.operation = superseded::close(ports, after, OPERATIONS).await?;
        Ok(recorded)
    }

    async fn queue<P: Ports>(&mut self, ports: &P, queue: &QueueName) -> Result<usize, PortError> {
        let mut from = self
            .cursors
            .get(queue)
            .cloned()
            .unwrap_or_else(Cursor::start);
        let (mut recorded, mut passed) = (0, true);
        loop {
            let after = (from.at, &from.id);
            let letters = ports.dead_letters().arrived(queue, after, PAGE).await?;
            for letter in &letters {
                match letter::look(ports, queue, letter).await? {
                    Found::Recorded => recorded += 1,
                    Found::Known => {}
                    Found::Undecided => passed = false,
                }
                from = Cursor::of(letter);
                if passed {
                    self.pass_by(queue, letter, ports.clock().now());
                }
            }
            if letters.len() < PAGE {
                return Ok(recorded);
            }
        }
    }

    /// What is written down out of order is still found: the cursor stays a minute behind.
    fn pass_by(&mut self, queue: &QueueName, letter: &DeadLetter, now: Timestamp) {
        let settled = now.saturating_sub(LOOK_BACK).unwrap_or(now);
        let cursor = if letter.dead_at < settled {
            Cursor::of(letter)
        } else {
            Cursor::since(settled)
        };
        self.cursors.insert(queue.clone(), cursor);
    }
}

fn unfit(error: impl std::fmt::Display) -> PortError {
    PortError::Unavailable(error.to_string())
}
