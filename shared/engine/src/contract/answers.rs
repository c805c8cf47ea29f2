//! The answers of a batch: to each member its own where `returns` reads one, else the whole to all.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::batch::Batched;
use super::book::{Book, Made, PAGE, member_of};
use super::runner::{Runner, Trouble};
use super::shape::kept;
use super::view::View;
use super::work::Work;
use crate::entry::{State, StepEntry};
use crate::envelope::BatchRef;
use crate::key;
use crate::port::{Change, Clock, Expect, Journal, Key, PortError, Ports, Queue, Write};
use crate::step::{Batching, Keeps, StepError};

/// The most that the answers in one item take, in bytes.
const MAX_PAGE: usize = 300 * 1024;

/// The most that all answers of a batch take: they are one transaction.
const MAX_ANSWERS: usize = 3 * 1024 * 1024;

/// How old a batch is when its maker doubts that it was sent. Before, it mostly waits for its turn
/// or is under way, and another message of it would be another call.
const DOUBT: Duration = Duration::from_mins(1);

impl<P: Ports> Runner<P> {
    /// What the batch says to this execution; `None`: it has not come to its end. Its maker sends
    /// it again after a while, as long as it has not begun, in case that it was not sent.
    pub(super) async fn answer(
        &self,
        work: &Work<'_>,
        book: &Book,
        batching: Batching,
        (number, made): (u32, &Made),
    ) -> Result<Option<Batched>, Trouble> {
        let member = member_of(work.envelope);
        let place = made.members.iter().position(|one| *one == member);
        let execution = book.execution(work.envelope, number);
        let (Some(place), Some(execution)) = (place, execution) else {
            return Ok(None);
        };
        let entry = key::step(&execution, 1, &work.envelope.step);
        let Some(entry) = self.item::<StepEntry>(entry).await? else {
            let age = self.ports.clock().now().duration_since(made.at);
            if made.by == member && Duration::try_from(age).is_ok_and(|age| age >= DOUBT) {
                let given = self.given(book, None).await?;
                let message = self.message(work, book, batching, (number, made), given)?;
                self.ports.queue().send(message).await?;
            }
            return Ok(None);
        };
        if entry.state != State::Succeeded {
            return Ok(None);
        }
        // Read after the entry: it is there if the batch was answered.
        let page = book.answers(number, place / PAGE);
        let Some(page) = self.item::<Vec<Json>>(page).await? else {
            let output = entry.output.unwrap_or_default();
            return Ok(Some(Batched::Given(output)));
        };
        Ok(page.into_iter().nth(place % PAGE).map(Batched::Answered))
    }

    async fn item<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, PortError> {
        let (keys, mut view) = ([key], View::default());
        view.saw(&keys, self.ports.journal().read(&keys).await?);
        let [key] = keys;
        view.body(&key)
    }
}

impl Work<'_> {
    /// The result of a batch's step, and the writes of its members' answers.
    ///
    /// # Errors
    /// [`StepError::Permanent`] when there is not one answer for each input, or too much.
    pub(super) fn answers(
        &self,
        batch: &BatchRef,
        keeps: Keeps,
        batching: Option<Batching>,
        output: Json,
    ) -> Result<(Json, Vec<Write>), StepError> {
        let each = match batching.filter(|_| self.definition.returns.is_some()) {
            Some(batching) => batching.split(output, batch.inputs).map_err(|found| {
                let message = format!("{found} for {} inputs", batch.inputs);
                StepError::permanent("InvalidResponse", message)
            })?,
            None => vec![kept(keeps, None, output); batch.inputs],
        };
        let book = Book::of_batch(self.envelope, batch);
        let (mut pages, mut bytes) = (Vec::new(), 0_usize);
        for (number, page) in each.chunks(PAGE).enumerate() {
            let body = Json::from(page).to_string();
            bytes = bytes.saturating_add(body.len());
            if body.len() > MAX_PAGE || bytes > MAX_ANSWERS {
                let message = format!("the answers have over {} bytes", bytes.min(MAX_ANSWERS));
                return Err(StepError::permanent("ResultTooLarge", message));
            }
            pages.push(Write {
                key: book.answers(batch.number, number),
                expect: Expect::Absent,
                change: Change::Put(body),
            });
        }
        Ok((serde_json::json!({ "inputs": batch.inputs }), pages))
    }
}
