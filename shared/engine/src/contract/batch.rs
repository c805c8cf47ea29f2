//! Steps that wait for others and call together.
//!
//! An execution joins: what it gives is an item of the claims. Once as many wait as one call takes,
//! or the window is over, whoever finds it so makes a batch. A batch is an item that lists
//! its members, and a message whose input is theirs: a step like any other, with its own entry,
//! attempts, error record and side-effect key. Its success and the answers are one transaction.
//! Each member finds its answer there, and settles its own step.

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
use crate::port::{Clock, Journal, PortError, Ports, Table, Verdict};
use crate::step::{Batching, Staged, Step};

/// How long whoever joins after its window waits for others.
pub(super) const LINGER: Duration = Duration::from_secs(5);

/// The shortest and the longest wait for an answer.
const ASK: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(5)];

/// How often a batch is made again because another was made meanwhile.
const MAX_TRIES: u32 = 5;

/// Items of a book that are read at a time.
const ITEMS: usize = 200;

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
        let joined = self.join(work, &book).await?;
        let end = match joined {
            Joined::Now => now.saturating_add(LINGER.min(batch.window)).unwrap_or(now),
            Joined::Before => now,
        };
        let end = end.max(book.end());
        let collecting = (batch, batching);
        let found = if now < end {
            self.early(work, &book, collecting, joined).await?
        } else {
            self.batch_of(work, &book, collecting, Size::Any).await?
        };
        let since = found.as_ref().map(|(_, made)| made.at);
        if let Some((number, made)) = found
            && let Some(answer) = self.answer(work, &book, batching, (number, &made)).await?
        {
            return Ok(answer);
        }
        let due = match since {
            None if now < end => self.look_again(work).min(end),
            since => self.ask_again(since),
        };
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
    /// makes one, or none of this size can be made.
    pub(super) async fn batch_of(
        &self,
        work: &Work<'_>,
        book: &Book,
        collecting: (&Batch, Batching),
        size: Size,
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
            let made = self.make(work, book, collecting, size).await;
            self.books.ends(book);
            if !made? {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Reads the batches that this process does not know.
    pub(super) async fn read_batches(&self, book: &Book) -> Result<(), PortError> {
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
    pub(super) async fn items(
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
}

/// Whether an execution had joined before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joined {
    Now,
    Before,
}

/// How many a batch must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// As many as there are.
    Any,
    /// As many as one call takes.
    Full,
}
