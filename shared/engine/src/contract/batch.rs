//! Steps that wait for others and call together.
//!
//! An execution joins: what it gives is an item of the claims. Once the window is over, whoever
//! comes back and is in no batch makes one, of all who are in none. A batch is an item that lists
//! its members, and a message whose input is theirs: a step like any other, with its own entry,
//! attempts, error record and side-effect key. Its success and the answers are one transaction.
//! Each member finds its answer there, and settles its own step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::book::{Book, Made, member_of};
use super::runner::{Runner, Trouble};
use super::shape::shaped;
use super::view::View;
use super::work::Work;
use crate::definition::model::Batch;
use crate::entry::{Progress, StepEntry};
use crate::key;
use crate::port::{Clock, Journal, Outgoing, PortError, Ports, QueueName, Table, Verdict};
use crate::step::{Batching, Staged, Step};

/// How long whoever joins after its window waits for others.
const LINGER: Duration = Duration::from_secs(5);

/// The shortest and the longest wait for an answer.
const ASK: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(5)];

/// How often a batch is made again because another was made meanwhile.
const MAX_TRIES: u32 = 5;

/// Items of a book that are read at a time.
const ITEMS: usize = 200;

/// The most that the inputs of a batch take as JSON, in bytes: it is one message.
const MAX_BYTES: usize = 512 * 1024;

/// What became of a member.
#[derive(Debug)]
pub(super) enum Batched {
    /// It waits.
    Over(Verdict),
    /// Its part of the answer, as the function gave it.
    Answered(Json),
    /// What a person gave in place of an answer.
    Given(Json),
}

impl<P: Ports> Runner<P> {
    /// Takes a step through its batch, and settles it by its answer; `None`: look again.
    pub(super) async fn collected<S: Step>(
        &self,
        work: &Work<'_>,
        view: &mut View,
        collecting: (&Batch, Batching),
    ) -> Result<Option<Verdict>, Trouble> {
        let now = self.ports.clock().now();
        let output = match self.in_batch(work, view, collecting).await? {
            Batched::Over(verdict) => return Ok(Some(verdict)),
            Batched::Answered(answer) => shaped(work, S::SPEC.keeps, answer, now),
            Batched::Given(output) => Ok(output),
        };
        let entry = view.body::<StepEntry>(&work.entry_key)?;
        let progress = entry.map_or(Progress::FIRST, |entry| entry.progress);
        let attempted = self.came_to(work, &Staged::default(), output, progress);
        self.settle(work, view, None, &attempted).await
    }

    async fn in_batch(
        &self,
        work: &Work<'_>,
        view: &mut View,
        (batch, batching): (&Batch, Batching),
    ) -> Result<Batched, Trouble> {
        if self.is_overdue(work) {
            return self.ask_about_overdue(work, view).await.map(Batched::Over);
        }
        let book = Book::of(work, batch.window);
        let now = self.ports.clock().now();
        let due = match self.join(work, &book).await? {
            Joined::Now => now.saturating_add(LINGER.min(batch.window)).unwrap_or(now),
            Joined::Before => now,
        };
        let due = due.max(book.end());
        if now < due {
            return self.wait(work, due).await.map(Batched::Over);
        }
        let found = self.batch_of(work, &book, batch, batching).await?;
        let since = found.as_ref().map(|(_, made)| made.at);
        if let Some((number, made)) = found
            && let Some(answer) = self.answer(work, &book, batching, (number, &made)).await?
        {
            return Ok(answer);
        }
        let due = self.ask_again(since);
        self.wait(work, due).await.map(Batched::Over)
    }

    /// Soon, and ever later: as long as the batch is old. Spread, since its members came together.
    fn ask_again(&self, since: Option<Timestamp>) -> Timestamp {
        let now = self.ports.clock().now();
        let age = since.and_then(|since| Duration::try_from(now.duration_since(since)).ok());
        let [shortest, longest] = ASK;
        let wait = age.unwrap_or_default().clamp(shortest, longest);
        let spread = wait.mul_f64(0.5 + 0.5 * self.fraction());
        now.saturating_add(spread).unwrap_or(now)
    }

    /// Writes down what this execution gives, once.
    async fn join(&self, work: &Work<'_>, book: &Book) -> Result<Joined, Trouble> {
        let keys = [book.member(&member_of(work.envelope))];
        let mut view = View::default();
        if self.has_waited(work) {
            view.saw(&keys, self.ports.journal().read_lately(&keys).await?);
        }
        let [key] = keys;
        if view.item(&key).is_some() {
            return Ok(Joined::Before);
        }
        let given = view.put(&key, work.input())?;
        Ok(match self.commit(&mut view, &[given]).await? {
            None => Joined::Now,
            Some(_) if view.item(&key).is_some() => Joined::Before,
            // A conflict over nothing: it is not written.
            Some(_) => return Err(Trouble::Contended),
        })
    }

    /// The batch that this execution is in, which it may have to make; `None`: another handler
    /// makes one.
    async fn batch_of(
        &self,
        work: &Work<'_>,
        book: &Book,
        batch: &Batch,
        batching: Batching,
    ) -> Result<Option<(u32, Arc<Made>)>, Trouble> {
        let member = member_of(work.envelope);
        for _ in 0..MAX_TRIES {
            if let Some(found) = self.books.find(book, &member) {
                return Ok(Some(found));
            }
            self.read_batches(book).await?;
            if let Some(found) = self.books.find(book, &member) {
                return Ok(Some(found));
            }
            if !self.books.begins(book, self.ports.clock().now()) {
                return Ok(None);
            }
            let made = self.make(work, book, batch, batching).await;
            self.books.ends(book);
            made?;
        }
        Ok(None)
    }

    /// Reads the batches that this process does not know.
    async fn read_batches(&self, book: &Book) -> Result<(), PortError> {
        let known = self.books.count(book);
        let after = known.checked_sub(1).map(|last| book.made(last).sort);
        for (number, (_, body)) in (known..).zip(self.items(book, key::BATCH_MADE, after).await?) {
            let made = serde_json::from_str(&body);
            let made = made.map_err(|error| PortError::Unavailable(error.to_string()))?;
            self.books.saw(book, number, made);
        }
        Ok(())
    }

    /// The items of a book whose sort keys start so, with the rest of these keys.
    async fn items(
        &self,
        book: &Book,
        prefix: &str,
        mut after: Option<String>,
    ) -> Result<Vec<(String, String)>, PortError> {
        let mut items = Vec::new();
        loop {
            let journal = self.ports.journal();
            let page = journal
                .query(
                    Table::Claims,
                    &book.partition,
                    prefix,
                    after.as_deref(),
                    ITEMS,
                )
                .await?;
            items.extend(page.rows.into_iter().map(|row| {
                let name = row.sort.strip_prefix(prefix).unwrap_or_default();
                (name.to_owned(), row.item.body)
            }));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(items),
            }
        }
    }

    /// Makes a batch of this execution and others that are in none and call for the same, and
    /// sends it. Where another was made meanwhile, that one is known then.
    async fn make(
        &self,
        work: &Work<'_>,
        book: &Book,
        batch: &Batch,
        batching: Batching,
    ) -> Result<(), Trouble> {
        let ((number, taken), own) = (self.books.known(book), member_of(work.envelope));
        let (mut members, mut bytes) = (vec![own.clone()], work.input().to_string().len());
        let (given, rest) = (self.given(book).await?, batching.rest(work.input()));
        for (member, input) in &given {
            let more = bytes.saturating_add(input.to_string().len());
            let fits = members.len() < batch.max && more <= MAX_BYTES;
            let others = *member != own && !taken.contains(member);
            if fits && others && batching.rest(input) == rest {
                bytes = more;
                members.push(member.clone());
            }
        }
        let (by, at) = (own, self.ports.clock().now());
        let made = Made { by, at, members };
        let message = self.message(work, book, batching, (number, &made), given)?;
        let (key, mut view) = (book.made(number), View::default());
        let writes = [view.put(&key, &made)?];
        self.commit_and_send(&mut view, &writes, message).await?;
        if let Some(made) = view.body::<Made>(&key)? {
            self.books.saw(book, number, made);
        }
        Ok(())
    }

    /// What executions gave.
    pub(super) async fn given(&self, book: &Book) -> Result<BTreeMap<String, Json>, PortError> {
        let items = self.items(book, key::BATCH_MEMBER, None).await?.into_iter();
        let read =
            |(member, body): (String, String)| Some((member, serde_json::from_str(&body).ok()?));
        Ok(items.filter_map(read).collect())
    }

    /// The message of a batch: the same whenever its maker sends it.
    pub(super) fn message(
        &self,
        work: &Work<'_>,
        book: &Book,
        batching: Batching,
        (number, made): (u32, &Made),
        mut given: BTreeMap<String, Json>,
    ) -> Result<Vec<Outgoing>, PortError> {
        let inputs = made
            .members
            .iter()
            .filter_map(|member| given.remove(member));
        let input = batching.merged(work.input(), inputs);
        let Some(envelope) = book.envelope(work.envelope, number, made, input) else {
            return Ok(Vec::new());
        };
        let body = serde_json::to_string(&envelope)
            .map_err(|error| PortError::Unavailable(error.to_string()))?;
        Ok(vec![Outgoing {
            queue: QueueName::of(work.definition.uses.as_str()),
            body,
            delay: Duration::ZERO,
            tenant: work.tenant().clone(),
            created: self.ports.clock().now(),
        }])
    }
}

/// Whether an execution had joined before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joined {
    Now,
    Before,
}
