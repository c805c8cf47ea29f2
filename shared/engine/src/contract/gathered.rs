//! What the elements of a step with `each` have come to, as far as somebody looked.
//!
//! Whoever looks after its own success reads strongly, so that of those that end last at least one
//! sees all others. It begins with the next element, which is mostly still under way: then it is
//! one read. Where elements are done, it reads ever more of them at once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::shape::{refusal, share};
use crate::definition::model::{Action, StepDefinition};
use crate::entry::{State, StepEntry};
use crate::envelope::Envelope;
use crate::id::{Element, StepKey};
use crate::key;
use crate::port::{Journal, Key, PortError};

/// What the elements of a step have come to.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// Results, by element.
    done: BTreeMap<Element, Json>,
    /// The alternatives that are looked at next, in order.
    ahead: Vec<StepKey>,
}

impl Gathered {
    /// The elements of a step, of none of which anything is known.
    pub(crate) fn new(step: &StepKey, count: u32) -> Self {
        let ahead = (0..count).map(|index| step.of_element(Element(index)));
        Self {
            done: BTreeMap::new(),
            ahead: ahead.collect(),
        }
    }

    /// Takes note that an element is done, and begins with the one after it.
    pub(crate) fn knows(&mut self, element: Element, entry: &StepEntry) {
        self.done
            .insert(element, entry.output.clone().unwrap_or_default());
        let own = self.ahead.iter().position(|it| it.element == Some(element));
        if let Some(own) = own {
            self.ahead.rotate_left(own);
            self.ahead.remove(0);
        }
    }

    /// Whether every element is done; it stops at the first that is not.
    pub(crate) async fn all_done<J: Journal>(
        &mut self,
        journal: &J,
        envelope: &Envelope,
    ) -> Result<bool, PortError> {
        let mut size = 1;
        while !self.ahead.is_empty() {
            let rest = self.ahead.split_off(size.min(self.ahead.len()));
            let group = std::mem::replace(&mut self.ahead, rest);
            for (step, entry) in read(journal, envelope, group).await? {
                match entry {
                    Some(entry) if self.takes(&step, &entry) => {}
                    _ => return Ok(false),
                }
            }
            size = size.saturating_mul(2);
        }
        Ok(true)
    }

    /// The elements that have no entry; what is seen of the others is kept.
    pub(crate) async fn missing<J: Journal>(
        &mut self,
        journal: &J,
        envelope: &Envelope,
    ) -> Result<BTreeSet<StepKey>, PortError> {
        let (mut missing, all) = (BTreeSet::new(), std::mem::take(&mut self.ahead));
        for (step, entry) in read(journal, envelope, all).await? {
            match entry {
                None => {
                    missing.insert(step);
                }
                Some(entry) if self.takes(&step, &entry) => {}
                Some(_) => self.ahead.insert(0, step),
            }
        }
        Ok(missing)
    }

    /// Takes what an alternative came to; `false`: it is under way, or waits for a person.
    fn takes(&mut self, step: &StepKey, entry: &StepEntry) -> bool {
        match (&entry.state, step.element) {
            (State::Succeeded | State::Skipped, Some(element)) => {
                self.done
                    .insert(element, entry.output.clone().unwrap_or_default());
                true
            }
            (State::FellBack, _) => {
                self.ahead.push(step.fallback());
                true
            }
            _ => false,
        }
    }

    /// The result of the step: what its elements came to, in their order. Of a change of a record
    /// only whether it was refused is kept; of what another execution had done already, nothing
    /// that is larger than an element's share.
    pub(crate) fn result(self, definition: &StepDefinition) -> Json {
        let updates = matches!(definition.action, Action::UpdateRecord(_));
        let share = share(self.done.len());
        let kept = |output: Json| {
            if updates {
                json!({ "refused": refusal(&output).is_some() })
            } else if output.to_string().len() > share {
                Json::Null
            } else {
                output
            }
        };
        self.done.into_values().map(kept).collect()
    }
}

async fn read<J: Journal>(
    journal: &J,
    envelope: &Envelope,
    steps: Vec<StepKey>,
) -> Result<Vec<(StepKey, Option<StepEntry>)>, PortError> {
    let place = |step| key::step(&envelope.execution, envelope.generation, step);
    let keys: Vec<Key> = steps.iter().map(place).collect();
    let items = journal.read(&keys).await?;
    let entry = |(step, item): (StepKey, Option<crate::port::Item>)| {
        let entry = item
            .map(|item| serde_json::from_str(&item.body))
            .transpose();
        let unread = |error| PortError::Unavailable(format!("{step} does not decode: {error}"));
        Ok((step.clone(), entry.map_err(unread)?))
    };
    steps.into_iter().zip(items).map(entry).collect()
}
