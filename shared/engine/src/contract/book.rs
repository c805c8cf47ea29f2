//! Batches as items of the claims: what executions gave, which of them go out together, and what
//! was answered; and what one process remembers of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::work::Work;
use crate::envelope::{BatchRef, Envelope};
use crate::event::Event;
use crate::id::{EventId, ExecutionId, ExecutionRef, RecordRef, StepKey};
use crate::key;
use crate::name::{RecordId, RecordType};
use crate::port::Key;

/// How long one handler of a process may take to make a batch before another does.
const MAKING: Duration = Duration::from_secs(5);

/// The windows that a process remembers.
const REMEMBERED: usize = 32;

/// The type of the records that batches are at home in.
const HOME: &str = "batch";

/// The answers that lie in one item: an item stays small, and whoever reads its answer reads few
/// others.
pub(super) const PAGE: usize = 50;

/// What one step collects in one window.
#[derive(Debug)]
pub(super) struct Book {
    /// Where its items lie.
    pub(super) partition: String,
    window: i64,
    length: Duration,
}

/// A batch: members whose inputs go out together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Made {
    /// The member that made it, and sends it until it has begun.
    pub(super) by: String,
    /// When.
    pub(super) at: Timestamp,
    /// Its members, in the order of their inputs.
    pub(super) members: Vec<String>,
}

impl Book {
    /// The book of a step in the window that an envelope was due in; every copy of it has the same.
    pub(super) fn of(work: &Work<'_>, length: Duration) -> Self {
        let millis = i64::try_from(length.as_millis()).unwrap_or(i64::MAX).max(1);
        let due = work.envelope.due.as_millisecond();
        Self::at(work.envelope, due.div_euclid(millis), length)
    }

    /// The book that a batch is of.
    pub(super) fn of_batch(envelope: &Envelope, batch: &BatchRef) -> Self {
        Self::at(envelope, batch.window, Duration::ZERO)
    }

    fn at(envelope: &Envelope, window: i64, length: Duration) -> Self {
        let (execution, step) = (&envelope.execution, &envelope.step);
        let pack = &envelope.manifest.pack;
        let tenant = &execution.home.tenant;
        Self {
            partition: key::batches(tenant, pack, &execution.workflow, step, window),
            window,
            length,
        }
    }

    /// The end of the window.
    pub(super) fn end(&self) -> Timestamp {
        let millis = i64::try_from(self.length.as_millis()).unwrap_or(i64::MAX);
        let end = self.window.saturating_add(1).saturating_mul(millis);
        Timestamp::from_millisecond(end).unwrap_or(Timestamp::MAX)
    }

    fn key(&self, sort: String) -> Key {
        key::of_batches(&self.partition, sort)
    }

    /// The item of what an execution gave.
    pub(super) fn member(&self, member: &str) -> Key {
        self.key(format!("{}{member}", key::BATCH_MEMBER))
    }

    /// The item of a batch.
    pub(super) fn made(&self, number: u32) -> Key {
        self.key(format!("{}{number:06}", key::BATCH_MADE))
    }

    /// The item of some of a batch's answers.
    pub(super) fn answers(&self, number: u32, page: usize) -> Key {
        self.key(format!("{}{number:06}#{page:03}", key::BATCH_ANSWERS))
    }

    /// The execution that a batch is.
    pub(super) fn execution(&self, envelope: &Envelope, number: u32) -> Option<ExecutionRef> {
        let execution = &envelope.execution;
        let tenant = &execution.home.tenant;
        let record = crate::hash::base32(&[self.partition.as_bytes()]);
        let home = RecordRef {
            tenant: tenant.clone(),
            record_type: RecordType::new(HOME).ok()?,
            record: RecordId::new(&record).ok()?,
        };
        let event = self.event(&envelope.step, number);
        Some(ExecutionRef {
            home,
            execution: ExecutionId::of(tenant, &execution.workflow, &event),
            workflow: execution.workflow.clone(),
        })
    }

    fn event(&self, step: &StepKey, number: u32) -> EventId {
        EventId::from_text(&format!("batch/{step}@{}.{number}", self.window))
    }

    /// The message of a batch, sent by one of its members.
    pub(super) fn envelope(
        &self,
        sender: &Envelope,
        number: u32,
        made: &Made,
        input: serde_json::Value,
    ) -> Option<Envelope> {
        let mut context = sender.context.clone();
        context.event = Event {
            id: self.event(&sender.step, number),
            name: HOME.to_owned(),
            at: made.at,
            data: serde_json::Map::new(),
            before: None,
            after: None,
            asked: None,
            changed: Vec::new(),
        };
        (context.record, context.steps, context.lets) = Default::default();
        context.lineage = crate::event::Lineage::default();
        Some(Envelope {
            execution: self.execution(sender, number)?,
            generation: 1,
            input: crate::envelope::Input::Rendered(input),
            due: made.at,
            batch: Some(BatchRef {
                window: self.window,
                number,
                inputs: made.members.len(),
            }),
            context,
            ..sender.clone()
        })
    }
}

/// How an execution is called in a book: by the time at which it was due, which every copy of its
/// message has, so that members lie in the order of their coming.
pub(super) fn member_of(envelope: &Envelope) -> String {
    let due = envelope.due.as_millisecond();
    let execution = &envelope.execution.execution;
    format!("{due:015}#{execution}#{}", envelope.generation)
}

/// What one process remembers of batches; a batch never changes.
#[derive(Debug, Default)]
pub(super) struct Books(Mutex<BTreeMap<String, Known>>);

#[derive(Debug, Default)]
struct Known {
    made: Vec<Arc<Made>>,
    /// The number of each member's batch.
    of: BTreeMap<String, u32>,
    /// When somebody began to make the next one.
    making: Option<Timestamp>,
    /// The last member of those at the beginning that are all in batches.
    settled: Option<String>,
}

impl Books {
    /// The batch of a member, as far as it is known: its number, and the batch.
    pub(super) fn find(&self, book: &Book, member: &str) -> Option<(u32, Arc<Made>)> {
        let books = self.books();
        let known = books.get(&book.partition)?;
        let number = *known.of.get(member)?;
        let made = known.made.get(usize::try_from(number).ok()?)?;
        Some((number, Arc::clone(made)))
    }

    /// How many batches are known.
    pub(super) fn count(&self, book: &Book) -> u32 {
        let books = self.books();
        let known = books.get(&book.partition);
        known.map_or(0, |known| {
            u32::try_from(known.made.len()).unwrap_or(u32::MAX)
        })
    }

    /// How many batches are known, and the members of these.
    pub(super) fn known(&self, book: &Book) -> (u32, BTreeSet<String>) {
        let books = self.books();
        let Some(known) = books.get(&book.partition) else {
            return (0, BTreeSet::new());
        };
        let number = u32::try_from(known.made.len()).unwrap_or(u32::MAX);
        (number, known.of.keys().cloned().collect())
    }

    /// The member up to which all that were there are in batches.
    pub(super) fn settled(&self, book: &Book) -> Option<String> {
        self.books().get(&book.partition)?.settled.clone()
    }

    /// Remembers up to which member all are in batches, where it is known of one.
    pub(super) fn settle(&self, book: &Book, member: Option<&String>) {
        if let (Some(known), Some(member)) = (self.books().get_mut(&book.partition), member) {
            known.settled = known.settled.take().max(Some(member.clone()));
        }
    }

    /// Remembers the batch with this number, where all before it are known.
    pub(super) fn saw(&self, book: &Book, number: u32, made: Made) {
        let mut books = self.books();
        let known = books.entry(book.partition.clone()).or_default();
        if usize::try_from(number).is_ok_and(|number| number == known.made.len()) {
            let members = made.members.iter().cloned();
            known.of.extend(members.map(|member| (member, number)));
            known.made.push(Arc::new(made));
        }
        while books.len() > REMEMBERED {
            books.pop_first();
        }
    }

    /// Whether this handler makes the next batch: one of a process does at a time.
    pub(super) fn begins(&self, book: &Book, now: Timestamp) -> bool {
        let mut books = self.books();
        let known = books.entry(book.partition.clone()).or_default();
        let until = known
            .making
            .map(|at| at.saturating_add(MAKING).unwrap_or(at));
        let begins = until.is_none_or(|until| until <= now);
        if begins {
            known.making = Some(now);
        }
        begins
    }

    /// Says that it is made, or will not be.
    pub(super) fn ends(&self, book: &Book) {
        if let Some(known) = self.books().get_mut(&book.partition) {
            known.making = None;
        }
    }

    fn books(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
