//! What breakers hear of attempts, after their outcomes are written. A breaker is a matter of
//! statistics: nothing that goes wrong here changes what becomes of the message.

use jiff::SignedDuration;

use super::failure;
use super::gate::BREAKER_OPEN;
use super::lapsed::CLAIM_ABANDONED;
use super::perform::Attempted;
use super::runner::{Runner, Trouble};
use super::suppressed::OPTED_OUT;
use super::timely::EXPIRED;
use super::view::View;
use super::work::Work;
use crate::breaker::{self, Effect, Event, Kind, Next, Opened, Seen, Subject, Window, step};
use crate::entry::{Owner, State, StepEntry};
use crate::envelope::{Envelope, Input};
use crate::key;
use crate::name::TenantName;
use crate::operation::ErrorRecord;
use crate::port::{Clock, Journal, Key, PortError, Ports, Write};
use crate::step::{StepError, TOKEN_REFUSED};

/// How often an outcome is counted again because the breaker had changed; then it waits for the
/// next one.
const MAX_TRIES: u32 = 5;

/// How long after it was due a step counts as young: less than the first wait of any ladder.
const YOUNG: SignedDuration = SignedDuration::from_secs(5);

/// Failures that say nothing of the connection: no call was made, or it is not known to be what
/// failed.
const NO_ANSWER: [&str; 21] = [
    BREAKER_OPEN,
    CLAIM_ABANDONED,
    EXPIRED,
    "ConnectionMisconfigured",
    "EmptyBody",
    "InvalidInput",
    "InvalidMessage",
    "InvalidPath",
    "InvalidRecipient",
    "InvalidReplyTo",
    "InvalidRequest",
    "InvalidSubject",
    "NoConnection",
    OPTED_OUT,
    "Panicked",
    "SecretMissing",
    "SecretUnusable",
    "StoreFull",
    "StoreThrottled",
    "StoreUnavailable",
    "WrongConnection",
];

impl<P: Ports> Runner<P> {
    /// Tells the breakers of a step what became of an attempt.
    pub(super) async fn count(&self, work: &Work<'_>, entry: &StepEntry, attempted: &Attempted) {
        for key in &work.breakers {
            let Some(subject) = Subject::of_sort(&key.sort) else {
                continue;
            };
            let outcome = match subject.kind {
                Kind::Workflow => of_workflow(&entry.state),
                Kind::Connection => of_connection(work.envelope, attempted),
            };
            if let Some(ok) = outcome
                && (ok || self.is_news(key, entry))
                && let Err(error) = self.count_one(work, key, ok).await
            {
                tracing::warn!(breaker = %subject, %error, "an outcome is not counted yet");
            }
        }
    }

    /// Whether a failure says something new: a closed breaker weighs messages, and hears of one
    /// that fails again and again once. One that is not closed wants to know whether it is over.
    fn is_news(&self, key: &Key, entry: &StepEntry) -> bool {
        let is_closed = matches!(self.tallies.seen(key).state, breaker::State::Closed { .. });
        let is_first = entry.attempts.last().is_none_or(|line| line.attempt == 1);
        is_first || !is_closed
    }

    async fn count_one(&self, work: &Work<'_>, key: &Key, ok: bool) -> Result<(), PortError> {
        let now = self.ports.clock().now();
        if ok && self.tallies.succeeded(key, now) {
            return Ok(());
        }
        let mut window = self.tallies.take(key, now);
        if !ok {
            window.count(false, now);
        }
        let counted = self.write_count(work, key, ok, &window).await;
        if !matches!(counted, Ok(true)) {
            self.tallies.put_back(key, &window, now);
        }
        counted.map(drop)
    }

    async fn write_count(
        &self,
        work: &Work<'_>,
        key: &Key,
        ok: bool,
        window: &Window,
    ) -> Result<bool, PortError> {
        let (by, window) = (work.prober(), window.clone());
        let event = Event::Counted { by, ok, window };
        for _ in 0..MAX_TRIES {
            let seen = self.tallies.seen(key);
            let next = step(&seen.state, &event, self.ports.clock().now());
            let Some(next) = next.filter(|next| next.state != seen.state) else {
                return Ok(true);
            };
            if self
                .move_breakers(work, &[(key.clone(), seen, next)])
                .await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes breakers in their next states, with what a person should hear of it, in one
    /// transaction. `false`: one had changed, and is now seen as it is.
    pub(super) async fn move_breakers(
        &self,
        work: &Work<'_>,
        moves: &[(Key, Seen, Next)],
    ) -> Result<bool, PortError> {
        let (mut view, mut writes) = (View::default(), Vec::new());
        for (key, seen, next) in moves {
            view.saw(std::slice::from_ref(key), vec![seen.item.clone()]);
            writes.push(view.put(key, &next.state)?);
            if let Some(effect) = next.effect {
                writes.extend(self.announce(work, &mut view, key, effect).await?);
            }
        }
        let changed = self.commit(&mut view, &writes).await?;
        let now = self.ports.clock().now();
        for (key, ..) in moves {
            self.tallies.saw(key, view.item(key).cloned(), now);
        }
        Ok(changed.is_none())
    }

    /// The write of a breaker's error record: opened, once more, or closed.
    async fn announce(
        &self,
        work: &Work<'_>,
        view: &mut View,
        key: &Key,
        effect: Effect,
    ) -> Result<Option<Write>, PortError> {
        let Some(subject) = Subject::of_sort(&key.sort) else {
            return Ok(None);
        };
        let version = work.envelope.manifest.to_string();
        let opened = Opened {
            tenant: work.tenant(),
            subject: &subject,
            severity: work.workflow.severity,
            version: &version,
        };
        let keys = [opened.key()];
        view.saw(&keys, self.ports.journal().read(&keys).await?);
        let ([key], now) = (keys, self.ports.clock().now());
        let Some(counts) = effect.opened() else {
            tracing::warn!(breaker = %subject, "the breaker is not open any more");
            return failure::close(view, &key, now);
        };
        tracing::warn!(breaker = %subject, "the breaker opened");
        let record = opened.record(counts, now);
        let earlier = view.body::<ErrorRecord>(&key)?;
        let record =
            earlier.map_or_else(|| record.clone(), |earlier| record.clone().again(&earlier));
        view.put(&key, &record).map(Some)
    }

    /// Whether this delivery is a breaker's probe: it spends no rung of the ladder.
    pub(super) fn is_probe(&self, work: &Work<'_>) -> bool {
        let (owner, keys) = (work.prober(), work.breakers.iter());
        let mut states = keys.map(|key| self.tallies.seen(key).state);
        states.any(|state| state.is_probed_by(&owner))
    }

    /// Reads the step's entry and its generation, and with it the breakers that were not read
    /// lately. A generation that is seen late lets a step finish as if it had begun before the
    /// re-run; the entry of a young step, as if the copies of its message had begun at once.
    pub(super) async fn look_at(&self, work: &Work<'_>, view: &mut View) -> Result<(), Trouble> {
        let now = self.ports.clock().now();
        let breakers = self.tallies.stale(&work.breakers, now);
        let breakers: Vec<_> = breakers.into_iter().cloned().collect();
        let mut exactly = vec![work.entry_key.clone()];
        let mut lately = breakers.clone();
        lately.push(work.generation_key.clone());
        if work.is_young() {
            lately.append(&mut exactly);
        }
        let items = self.ports.journal().read_both(&exactly, &lately).await?;
        let keys = [exactly, lately].concat();
        view.saw(&keys, items);
        for key in breakers {
            self.tallies.saw(&key, view.item(&key).cloned(), now);
        }
        Ok(())
    }
}

impl Work<'_> {
    /// The breakers that guard a step: its workflow's, and its connection's. Elements ask for
    /// themselves.
    pub(super) fn breaker_keys(
        envelope: &Envelope,
        via: Option<&crate::name::ConnectionName>,
    ) -> Vec<Key> {
        if matches!(envelope.input, Input::Each(_)) {
            return Vec::new();
        }
        let pack = &envelope.manifest.pack;
        let workflow = Subject::workflow(pack, &envelope.execution.workflow);
        let connection = via.map(|via| Subject::connection(pack, via));
        let subjects = std::iter::once(workflow).chain(connection);
        let tenant = &envelope.execution.home.tenant;
        subjects
            .map(|subject| key::breaker(tenant, &subject))
            .collect()
    }

    /// Whether the message is received for the first time, just after its step was due: whoever has
    /// written the step's entry holds a copy of it and began in the same moment.
    fn is_young(&self) -> bool {
        let age = self.delivery.sent.duration_since(self.envelope.due);
        self.delivery.receive_count == 1 && age < YOUNG
    }

    /// This receive of the message, as the owner of a probe.
    pub(super) fn prober(&self) -> Owner {
        let delivery = self.delivery;
        Owner(format!("{}/{}", delivery.message_id.0, delivery.receive_count).into())
    }

    pub(super) fn tenant(&self) -> &TenantName {
        &self.envelope.execution.home.tenant
    }
}

/// Whether a step ended well; `None`: it has not ended, or its fallback goes on.
fn of_workflow(state: &State) -> Option<bool> {
    match state {
        State::Succeeded => Some(true),
        State::Failed { .. } | State::Unknown => Some(false),
        _ => None,
    }
}

/// Whether a connection answered: a refusal is an answer, but not of who issues its tokens, without
/// which no call is made. `None`: it was not asked.
fn of_connection(envelope: &Envelope, attempted: &Attempted) -> Option<bool> {
    match attempted {
        Attempted::Succeeded { .. } => Some(true),
        Attempted::Ended(error, ..) if !NO_ANSWER.contains(&error.code()) => match envelope.input {
            Input::Rendered(_) => Some(match error {
                StepError::Permanent { code, .. } => code != TOKEN_REFUSED,
                StepError::NeedsReview { .. } => true,
                StepError::Transient { .. } | StepError::Unknown { .. } => false,
            }),
            Input::Each(_) | Input::Failed { .. } => None,
        },
        Attempted::Ended(..) | Attempted::Suppressed(..) | Attempted::LeftOut(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Ending;
    use crate::definition::model::{Connection, ConnectionKind};
    use crate::step::Sample;

    const EVENT: &str = include_str!("../../../../events/call-http.json");

    /// What a connection's breaker hears of an attempt that ended so.
    fn heard(error: StepError) -> Option<bool> {
        let connection = Connection::new("insurer".parse().unwrap(), ConnectionKind::Http);
        let sample = Sample::read(EVENT, "call-http", connection).unwrap();
        let ending = Ending::Fail { maybe: false };
        let attempted = Attempted::Ended(error, ending, None);
        of_connection(sample.context().envelope, &attempted)
    }

    #[test]
    fn a_refusal_is_an_answer_unless_it_is_that_of_a_token() {
        let permanent = |code| heard(StepError::permanent(code, "it answered 401"));
        assert_eq!(permanent("HttpStatus401"), Some(true));
        assert_eq!(permanent(TOKEN_REFUSED), Some(false));
        assert_eq!(permanent("SecretMissing"), None);
        assert_eq!(heard(StepError::transient("NotSent", "busy")), Some(false));
    }
}
