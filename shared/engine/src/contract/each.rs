//! Steps with `each`: performed for every element of a list.
//!
//! The step's message holds the elements, as its dispatcher found them. It is performed by sending
//! a message for each element, and its entry waits; each element is a step of its own, with its
//! own entry, key, attempts and error record. Nobody counts: whichever delivery of an element ends
//! with its success looks at the others, and where it finds all of them done, it settles the step.

use serde_json::Value as Json;

use super::dispatch::read_references;
use super::gathered::Gathered;
use super::render::elements;
use super::runner::{MAX_LOOKS, Runner, Trouble};
use super::scope::ScopeData;
use super::view::View;
use super::work::Work;
use super::{Terms, perform::Attempted};
use crate::entry::{Elements, Occurred, State, StepEntry, transition};
use crate::envelope::{Envelope, Input};
use crate::id::StepKey;
use crate::port::{Clock, Journal, Outgoing, PortError, Ports, Queue, Secrets, Verdict};
use crate::step::{Audit, Effect};

/// The root of an element in expressions.
const ITEM: &str = "item";

/// Whether a delivery has just settled its step, or found it settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// Whoever settled the whole in the meantime sends what follows, or is delivered again.
    Now,
    /// What follows may never have been sent.
    Before,
}

impl<P: Ports> Runner<P> {
    /// Performs a step with `each`: sends its elements; `None`: look again.
    pub(super) async fn fan_out(
        &self,
        work: &Work<'_>,
        view: &mut View,
        items: &[Json],
    ) -> Result<Option<Verdict>, Trouble> {
        if self.is_overdue(work) {
            return self.ask_about_overdue(work, view).await.map(Some);
        }
        if items.is_empty() {
            let attempted = succeeded(Json::Array(Vec::new()));
            return self.settle(work, view, None, &attempted).await;
        }
        let now = self.ports.clock().now();
        let before = view.body::<StepEntry>(&work.entry_key)?;
        let from = before.as_ref().map(|entry| (&entry.state, entry.progress));
        let Ok((state, progress)) = transition(from, &Occurred::FannedOut) else {
            return Ok(None);
        };
        let mut entry = work.entry(state, progress, before.as_ref(), now);
        let each = self.read_elements(work, items).await?;
        let messages = work.element_messages(&each, items, now)?;
        let messages = messages.into_iter().map(|(_, message)| message);
        entry.each = Some(each);
        let writes = [view.put(&work.entry_key, &entry)?];
        let changed = self.commit_and_send(view, &writes, messages.collect());
        Ok(changed.await?.is_none().then_some(Verdict::Acknowledge))
    }

    /// What the inputs of the elements read through references.
    async fn read_elements(&self, work: &Work<'_>, items: &[Json]) -> Result<Elements, PortError> {
        let envelope = work.envelope;
        let mut each = Elements {
            now: self.ports.clock().now(),
            count: u32::try_from(items.len()).unwrap_or(u32::MAX),
            refs: std::collections::BTreeMap::new(),
            own: Vec::new(),
        };
        let (mut shared, mut own) = (Vec::new(), Vec::new());
        work.definition.visit_input_reads(&mut |read| {
            let of_item = is_of_item(&read.path);
            if of_item { &mut own } else { &mut shared }.push(read.clone());
        });
        let mut scope = ScopeData::of(&envelope.context, work.tenant());
        let (journal, home) = (self.ports.journal(), &envelope.execution.home);
        read_references(journal, home, &scope, &shared, &mut each.refs).await?;
        if own.is_empty() {
            return Ok(each);
        }
        for item in items {
            scope.set(ITEM, item.clone());
            let mut refs = each.refs.clone();
            read_references(journal, home, &scope, &own, &mut refs).await?;
            refs.retain(|path, _| is_of_item(path));
            each.own.push(refs);
        }
        Ok(each)
    }

    /// Sends the elements that have not begun again, as the entry says; then looks whether all
    /// are done.
    pub(super) async fn fan_out_again(
        &self,
        work: &Work<'_>,
        entry: &StepEntry,
    ) -> Result<(), Trouble> {
        let (Some(items), Some(each)) = (work.items(), &entry.each) else {
            return Ok(());
        };
        let mut gathered = Gathered::new(&work.envelope.step, each.count);
        let missing = gathered
            .missing(self.ports.journal(), work.envelope)
            .await?;
        let messages = work.element_messages(each, items, self.ports.clock().now())?;
        let messages = messages.into_iter();
        let messages = messages.filter_map(|(step, it)| missing.contains(&step).then_some(it));
        let messages: Vec<Outgoing> = messages.collect();
        if messages.is_empty() {
            return self.settle_whole(work, gathered, Settled::Before).await;
        }
        Ok(self.ports.queue().send(messages).await?)
    }

    /// Looks, after an element has succeeded, whether all have.
    pub(super) async fn join_after(
        &self,
        work: &Work<'_>,
        entry: &StepEntry,
        settled: Settled,
    ) -> Result<(), Trouble> {
        let step = &work.envelope.step;
        let Some((own, context)) = step.element.zip(work.envelope.context.element.as_ref()) else {
            return Ok(());
        };
        let mut gathered = Gathered::new(&StepKey::primary(&step.step), context.of);
        gathered.knows(own, entry);
        self.settle_whole(work, gathered, settled).await
    }

    /// Settles the step as a whole, once all of its elements are done.
    async fn settle_whole(
        &self,
        work: &Work<'_>,
        mut gathered: Gathered,
        settled: Settled,
    ) -> Result<(), Trouble> {
        let journal = self.ports.journal();
        if !gathered.all_done(journal, work.envelope).await? {
            return Ok(());
        }
        let envelope = whole(work.envelope);
        let whole = self.whole(work, &envelope);
        let attempted = succeeded(gathered.result(work.primary));
        let (keys, mut view) = ([whole.entry_key.clone()], View::default());
        view.saw(&keys, journal.read(&keys).await?);
        for _ in 0..MAX_LOOKS {
            let entry = view.body::<StepEntry>(&whole.entry_key)?;
            match entry {
                Some(entry) if entry.state == State::Waiting => {}
                Some(entry) if settled == Settled::Before => {
                    let messages = self.following(&whole, &entry)?;
                    return Ok(self.ports.queue().send(messages).await?);
                }
                _ => return Ok(()),
            }
            self.see_error(&whole, &mut view).await?;
            let now = self.ports.clock().now();
            let settlement = whole.settlement(journal, &view, None, &attempted, now);
            let Some(settlement) = settlement.await? else {
                return Ok(());
            };
            let messages = self.following(&whole, &settlement.entry)?;
            let changed = self.commit_and_send(&mut view, &settlement.writes, messages);
            if changed.await?.is_none() {
                return Ok(());
            }
        }
        Err(Trouble::Contended)
    }

    /// The step as a whole at work, in a delivery of one of its elements.
    fn whole<'a>(&self, work: &Work<'a>, envelope: &'a Envelope) -> Work<'a> {
        let identity_key = self.ports.secrets().identity_key();
        let (entry_key, generation_key, once_key) = Work::keys(envelope, identity_key);
        Work {
            envelope,
            delivery: work.delivery,
            pack: work.pack,
            workflow: work.workflow,
            primary: work.primary,
            definition: work.primary,
            terms: Terms::of(work.primary, None, Effect::Keyed, false),
            entry_key,
            generation_key,
            once_key,
            breakers: Vec::new(),
            limits: Vec::new(),
        }
    }
}

impl Work<'_> {
    /// The elements that are to be sent, where this is a step with `each` as a whole.
    pub(super) fn items(&self) -> Option<&[Json]> {
        match &self.envelope.input {
            Input::Each(items) => Some(items),
            Input::Rendered(_) | Input::Failed { .. } => None,
        }
    }

    fn element_messages(
        &self,
        each: &Elements,
        items: &[Json],
        created: jiff::Timestamp,
    ) -> Result<Vec<(StepKey, Outgoing)>, PortError> {
        let envelopes = elements(self.definition, self.envelope, each, items);
        let function = self.definition.uses.as_str();
        envelopes
            .into_iter()
            .map(|envelope| {
                let message = super::render::message(&envelope, function, created)?;
                Ok((envelope.step, message))
            })
            .collect()
    }
}

/// The message of a step as a whole, as far as its elements know it.
fn whole(envelope: &Envelope) -> Envelope {
    let mut whole = Envelope {
        step: StepKey::primary(&envelope.step.step),
        input: Input::Each(Vec::new()),
        once: None,
        ..envelope.clone()
    };
    whole.context.element = None;
    whole
}

fn succeeded(output: Json) -> Attempted {
    Attempted::Succeeded {
        output,
        audit: Audit::default(),
        staged: Vec::new(),
    }
}

fn is_of_item(path: &str) -> bool {
    path.strip_prefix(ITEM)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
