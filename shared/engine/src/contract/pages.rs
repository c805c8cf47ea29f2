//! Steps that read what their receiver gives page by page, within the time of one attempt.
//!
//! Each page is a call, with its turn in the rates. What fails in the middle is read again from the
//! first page: only what changes nothing is read so.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::ScopeData;
use super::perform::{decoded, encoded};
use super::runner::Runner;
use super::shape::MAX_OUTPUT;
use super::turn::Turn;
use super::work::Work;
use crate::definition::model::Pages;
use crate::expr::Expression;
use crate::port::{Call, Clock, Ports};
use crate::step::{Audit, Paging, Step, StepContext, StepError};

impl<P: Ports> Runner<P> {
    /// Reads page after page: the last answer, with the items of all.
    pub(super) async fn paged<S: Step>(
        &self,
        step: &S,
        ctx: &StepContext<'_>,
        work: &Work<'_>,
        (pages, paging): (&Pages, Paging),
    ) -> Result<Json, StepError> {
        let mut collected = Collected::new(pages, work);
        let mut input = work.input().clone();
        loop {
            let number = collected.begin(&input)?;
            let page = self.page(step, ctx, work, (&input, number)).await;
            let output = page.map_err(|error| on_page(number, error))?;
            let Some(next) = collected.take(&output, ctx.now)? else {
                let pages = Some(number);
                let audit = Audit::default();
                ctx.staged.add([], Audit { pages, ..audit });
                return Ok(collected.into_output(output));
            };
            let call = ctx.connected()?;
            let turned = (paging.turn)(&call, &input, &next);
            input = turned.map_err(|error| on_page(number, error))?;
        }
    }

    async fn page<S: Step>(
        &self,
        step: &S,
        ctx: &StepContext<'_>,
        work: &Work<'_>,
        (input, number): (&Json, u32),
    ) -> Result<Json, StepError> {
        if number > 1 {
            self.turn_of_a_page(work).await?;
        }
        // A page has a key of its own: to a receiver of keys it is another call.
        let key = match number {
            1 => ctx.key.to_owned(),
            _ => format!("{}/{number}", ctx.key),
        };
        let call = self.call_of_a_page(ctx, &key);
        if call.is_some_and(|call| call.timeout.is_zero()) {
            let message = "the pages before it took all the time of the step";
            return Err(StepError::transient("TimedOut", message));
        }
        let key = &key;
        let page = StepContext { key, call, ..*ctx };
        encoded(step.perform(&page, decoded(input)?).await?)
    }

    /// Waits for a turn here and not by a copy, which would forget the pages that were read.
    async fn turn_of_a_page(&self, work: &Work<'_>) -> Result<(), StepError> {
        while let Turn::Later(due) = self.take_turn(work).await? {
            self.ports.clock().sleep_until(due).await;
        }
        Ok(())
    }

    /// The call of a page, which has what is left of the time.
    fn call_of_a_page<'c>(&self, ctx: &StepContext<'c>, key: &'c str) -> Option<Call<'c>> {
        let call = ctx.call?;
        let now = self.ports.clock().now();
        let spent = now.duration_since(ctx.now).try_into().unwrap_or_default();
        Some(Call {
            key,
            now,
            timeout: call.timeout.saturating_sub(spent),
            ..call
        })
    }
}

impl<'a> Work<'a> {
    /// How this step reads page by page, where it does.
    pub(super) fn paging(&self, paging: Option<Paging>) -> Option<(&'a Pages, Paging)> {
        self.definition.pages.as_ref().zip(paging)
    }
}

/// The items of the pages that were read.
#[derive(Debug)]
struct Collected<'a> {
    pages: &'a Pages,
    scope: ScopeData,
    items: Vec<Json>,
    bytes: usize,
    /// The inputs of the pages.
    seen: BTreeSet<String>,
    number: u32,
}

impl<'a> Collected<'a> {
    fn new(pages: &'a Pages, work: &Work<'_>) -> Self {
        let envelope = work.envelope;
        Self {
            pages,
            scope: ScopeData::of(&envelope.context, &envelope.execution.home.tenant),
            items: Vec::new(),
            bytes: 0,
            seen: BTreeSet::new(),
            number: 0,
        }
    }

    /// Begins a page: its number, from 1.
    fn begin(&mut self, input: &Json) -> Result<u32, StepError> {
        let (number, max) = (self.number, self.pages.max);
        if number >= max {
            let message = format!("there is a page after the {max} of `pages.max`");
            return Err(StepError::permanent("TooManyPages", message));
        }
        if !self.seen.insert(input.to_string()) {
            let message = format!("page {number} leads back to a page that was read already");
            return Err(StepError::permanent("PageRepeated", message));
        }
        self.number = number.saturating_add(1);
        Ok(self.number)
    }

    /// Takes the items of a page, and says what there is of the next one.
    fn take(&mut self, output: &Json, now: jiff::Timestamp) -> Result<Option<Json>, StepError> {
        self.scope.set("response", output.clone());
        let items = self.value("items", &self.pages.items, now)?;
        match items.unwrap_or_default() {
            Json::Null => {}
            Json::Array(items) => self.extend(items)?,
            _ => return Err(self.invalid("items", "it is not a list")),
        }
        match self
            .value("next", &self.pages.next, now)?
            .unwrap_or_default()
        {
            Json::Null => Ok(None),
            Json::String(next) => Ok(Some(next).filter(|next| !next.is_empty()).map(Json::from)),
            Json::Object(next) if next.values().all(Json::is_null) => Ok(None),
            next @ Json::Object(_) => Ok(Some(next)),
            _ => Err(self.invalid("next", "it is neither an address nor parameters")),
        }
    }

    fn extend(&mut self, items: Vec<Json>) -> Result<(), StepError> {
        let bytes = items.iter().map(|item| item.to_string().len() + 1);
        self.bytes = self.bytes.saturating_add(bytes.sum());
        self.items.extend(items);
        if self.bytes <= MAX_OUTPUT {
            return Ok(());
        }
        let message = format!(
            "page {} brings the items to {} bytes, at most {MAX_OUTPUT}: let `items` select just \
             what later steps need, or ask for less",
            self.number, self.bytes
        );
        Err(StepError::permanent("ResultTooLarge", message))
    }

    fn value(
        &self,
        key: &str,
        expression: &Expression,
        now: jiff::Timestamp,
    ) -> Result<Option<Json>, StepError> {
        let value = self
            .scope
            .with(&BTreeMap::new(), now, |scope| expression.evaluate(scope));
        value.map_err(|error| self.invalid(key, &error.to_string()))
    }

    fn invalid(&self, key: &str, why: &str) -> StepError {
        let message = format!("pages.{key} of page {}: {why}", self.number);
        StepError::permanent("InvalidResponse", message)
    }

    fn into_output(self, mut last: Json) -> Json {
        if let Some(members) = last.as_object_mut() {
            members.insert(self.pages.into.clone(), Json::Array(self.items));
        }
        last
    }
}

/// The failure of a page, which says which one.
fn on_page(number: u32, error: StepError) -> StepError {
    let said = |message: String| format!("page {number}: {message}");
    match error {
        StepError::Transient {
            code,
            message,
            retry_after,
        } => StepError::Transient {
            code,
            message: said(message),
            retry_after,
        },
        StepError::Unknown {
            code,
            message,
            retry_after,
        } => StepError::Unknown {
            code,
            message: said(message),
            retry_after,
        },
        StepError::Permanent { code, message } => StepError::Permanent {
            code,
            message: said(message),
        },
        StepError::NeedsReview { code, message } => StepError::NeedsReview {
            code,
            message: said(message),
        },
    }
}
