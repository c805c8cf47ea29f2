//! Sending many failures again: batch by batch, at a rate, and with a count of what came of it.
//!
//! Killed at any moment, it can be repeated: the mark that a failure was sent again is on the
//! failure itself.

use std::collections::BTreeMap;

use holdfast_engine::operate::{Filter, Listed, NotRedriven, Operate, Outcome};
use holdfast_engine::port::{Clock, Ports};
use serde::Serialize;

use super::{Desk, Operated, Pace, Rate, Refused};

/// Failures looked at at once.
const PAGE: usize = 500;

/// Who sends again, why, and how fast; `again`: what was sent since it failed, too.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The person.
    pub by: String,
    /// Why.
    pub reason: String,
    /// How many in a time, at most.
    pub rate: Rate,
    /// Whether what was sent since it last failed is sent once more.
    pub again: bool,
}

/// What came of it, for programs: these members stay.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// How many fitted.
    pub matched: usize,
    /// How many were sent.
    pub redriven: usize,
    /// How many somebody had sent since they failed.
    pub already_redriven: usize,
    /// Settled since, or with nothing left to send.
    pub gone: usize,
    /// By the stable name of the reason.
    pub refused: BTreeMap<String, Refusals>,
    /// Whether what was sent waits until a process serves.
    pub waits: bool,
}

/// What was refused for one reason.
#[derive(Debug, Default, Serialize)]
pub struct Refusals {
    /// How many.
    pub count: usize,
    /// The first of them.
    pub id: String,
    /// What was said of it.
    pub message: String,
}

impl Summary {
    fn count(&mut self, id: &str, answer: Operated) {
        match answer {
            Operated::Done(outcome) => self.count_done(id, &outcome),
            Operated::Refused(refused) if refused.code == "MessageGone" => self.gone += 1,
            Operated::Refused(refused) => self.refuse(id, refused.code, refused.message),
        }
    }

    fn count_done(&mut self, id: &str, outcome: &Outcome) {
        match outcome {
            Outcome::Redriven { .. } => self.redriven += 1,
            Outcome::NotRedriven { reason, .. } => match reason {
                NotRedriven::AlreadyRedriven { .. } => self.already_redriven += 1,
                NotRedriven::Settled => self.gone += 1,
            },
            _ => {
                let message = "the answer is to something else";
                self.refuse(id, "ControlVersion".to_owned(), message.to_owned());
            }
        }
    }

    fn refuse(&mut self, id: &str, code: String, message: String) {
        let refusals = self.refused.entry(code).or_default();
        refusals.count += 1;
        if refusals.id.is_empty() {
            (refusals.id, refusals.message) = (id.to_owned(), message);
        }
    }

    /// How many are dealt with.
    #[must_use]
    pub fn done(&self) -> usize {
        let refused: usize = self.refused.values().map(|refusals| refusals.count).sum();
        self.redriven + self.already_redriven + self.gone + refused
    }
}

/// Sends these again: `ask` does what is asked for, `told` hears how it goes on after each batch.
///
/// # Errors
/// What `ask` says: what was sent until then is what `told` heard last, and the same once more
/// goes on from there.
pub async fn redrive<C: Clock, E>(
    found: &[Listed],
    terms: &Terms,
    clock: C,
    mut ask: impl AsyncFnMut(Vec<Operate>) -> Result<Vec<Operated>, E>,
    mut told: impl FnMut(&Summary),
) -> Result<Summary, E> {
    let mut summary = Summary {
        matched: found.len(),
        ..Summary::default()
    };
    let mut pace = Pace::new(clock, terms.rate);
    for batch in found.chunks(terms.rate.batch()) {
        pace.admit(batch.len()).await;
        let requests = batch.iter().map(|listed| request(listed, terms)).collect();
        for (listed, answer) in batch.iter().zip(ask(requests).await?) {
            summary.count(&listed.item.id, answer);
        }
        told(&summary);
    }
    Ok(summary)
}

fn request(listed: &Listed, terms: &Terms) -> Operate {
    Operate::Redrive {
        item: listed.item.clone(),
        by: terms.by.clone(),
        reason: terms.reason.clone(),
        dry_run: false,
        again: terms.again,
    }
}

impl<P: Ports> Desk<P> {
    /// The failures that fit, and were not sent again since they failed.
    ///
    /// # Errors
    /// [`Refused`] when the store cannot be read.
    pub async fn select(&self, filter: &Filter) -> Result<Vec<Listed>, Refused> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = self.page(filter, after).await?;
            found.extend(page);
            after = next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    async fn page(
        &self,
        filter: &Filter,
        after: Option<String>,
    ) -> Result<(Vec<Listed>, Option<String>), Refused> {
        let select = Operate::Select {
            filter: filter.clone(),
            after,
            limit: PAGE,
        };
        match self.operate(vec![select]).await.into_iter().next() {
            Some(Operated::Refused(refused)) => Err(refused),
            Some(Operated::Done(outcome)) => match *outcome {
                Outcome::Selected { found, next } => Ok((found, next)),
                _ => Ok((Vec::new(), None)),
            },
            None => Ok((Vec::new(), None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_their_reason_with_the_first_of_them() {
        let mut summary = Summary::default();
        for id in ["a", "b"] {
            summary.refuse(id, "NotRedrivable".to_owned(), format!("not {id}"));
        }
        let refusals = &summary.refused["NotRedrivable"];
        assert_eq!((refusals.count, refusals.id.as_str()), (2, "a"));
        assert_eq!(refusals.message, "not a");
        assert_eq!(summary.done(), 2);
    }
}
