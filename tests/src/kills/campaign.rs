//! A series of lives of one victim, and the check of what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use holdfast_embedded::observer::Moment;
use holdfast_engine::entry::State;

use super::tally::{duplicates, missing, purpose};
use super::{Books, Event, Progress, Tally, Victim, offer};
use crate::random::Random;
use crate::victim::{Death, Plan};

/// Webhooks that a life is offered for the first time.
const FRESH: usize = 30;

/// Acknowledged webhooks that a life is offered once more.
const REPEATED: usize = 3;

/// Undisturbed lives in which all work is done.
const RECOVERIES: usize = 5;

/// How a life ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    /// By itself, at a moment.
    Within(Death),
    /// From outside, after so many acknowledgements.
    After(usize),
}

impl Kill {
    /// The kill of a life, by its number: two in five between accept and outcome.
    fn of(life: usize, random: &mut Random) -> Self {
        let moment = match life % 5 {
            0 | 2 => Moment::Accepted,
            1 => Moment::Committed,
            3 if life.is_multiple_of(2) => Moment::Sent,
            3 => Moment::Handled,
            _ => return Self::After(1 + random.below(FRESH)),
        };
        let nth = 1 + random.below(2 * FRESH) as u64;
        Self::Within(Death { moment, nth })
    }
}

/// A victim, its lives so far, and what is known of them.
#[derive(Debug)]
pub struct Campaign {
    program: PathBuf,
    plan: Plan,
    random: Random,
    named: usize,
    acknowledged: BTreeSet<Event>,
    unanswered: BTreeSet<Event>,
    /// Acknowledged, and neither executed nor unknown when last looked at.
    unsettled: BTreeSet<Event>,
    /// Steps whose claims were held at a kill: whether the receivers had the call.
    claimed: BTreeMap<String, bool>,
    unrecorded: BTreeSet<String>,
    tally: Tally,
}

impl Campaign {
    /// A campaign against a program, as `plan` says but for its deaths.
    #[must_use]
    pub fn new(program: &Path, plan: Plan, seed: u64) -> Self {
        Self {
            program: program.to_owned(),
            plan,
            random: Random::new(seed),
            named: 0,
            acknowledged: BTreeSet::new(),
            unanswered: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            claimed: BTreeMap::new(),
            unrecorded: BTreeSet::new(),
            tally: Tally::default(),
        }
    }

    /// Lives and is killed so often, then works off what is left, and counts.
    pub async fn survive(mut self, kills: usize) -> Tally {
        for life in 0..kills {
            let kill = Kill::of(life, &mut self.random);
            self.live(kill).await;
            self.look().await;
        }
        self.recover().await;
        self.count().await
    }

    /// One life, up to its kill.
    async fn live(&mut self, kill: Kill) {
        self.tally.kills += 1;
        let events = self.events();
        let (death, limit) = match kill {
            Kill::Within(death) => (Some(death), usize::MAX),
            Kill::After(limit) => (None, limit),
        };
        let Some(mut victim) = self.start(death) else {
            // Work left by an earlier life brought it to its moment before it could serve.
            return;
        };
        let trigger = victim.trigger();
        let shoot = move |acknowledged| {
            if acknowledged == limit {
                trigger();
            }
        };
        self.offer(&victim, events, shoot).await;
        // A moment that did not come while it was under load may come while it works that off.
        victim.obeys("quiet");
        victim.kill();
    }

    fn start(&self, death: Option<Death>) -> Option<Victim> {
        let plan = Plan {
            death,
            drops: self
                .plan
                .drops
                .map(|(seed, share)| (seed + self.tally.kills as u64, share)),
            ..self.plan.clone()
        };
        Victim::start(&self.program, &plan)
    }

    /// What was not answered, then new ones, then a few again that were.
    fn events(&mut self) -> Vec<Event> {
        let mut events: Vec<_> = std::mem::take(&mut self.unanswered).into_iter().collect();
        events.extend((self.named..self.named + FRESH).map(|number| format!("e{number}")));
        self.named += FRESH;
        for _ in 0..REPEATED.min(self.acknowledged.len()) {
            let nth = self.random.below(self.acknowledged.len());
            events.extend(self.acknowledged.iter().nth(nth).cloned());
        }
        self.unanswered = events
            .iter()
            .filter(|event| !self.acknowledged.contains(*event))
            .cloned()
            .collect();
        events
    }

    async fn offer(
        &mut self,
        victim: &Victim,
        events: Vec<Event>,
        shoot: impl Fn(usize) + Send + Sync + Clone + 'static,
    ) {
        let load = offer(victim.address(), events, shoot).await;
        assert_eq!(load.refused, [], "a webhook was refused");
        self.unanswered = load
            .unanswered
            .difference(&self.acknowledged)
            .cloned()
            .collect();
        self.unsettled
            .extend(load.acknowledged.difference(&self.acknowledged).cloned());
        self.acknowledged.extend(load.acknowledged);
    }

    /// After a kill: which claims are held, and which calls were accepted that nobody recorded.
    async fn look(&mut self) {
        let books = Books::open(&self.plan.data);
        let accepted = books.accepted();
        let mut unrecorded = BTreeSet::new();
        let mut settled = BTreeSet::new();
        // An event may have been handled although its acknowledgement was lost.
        for event in self.unsettled.union(&self.unanswered) {
            let progress = books.progress(event).await;
            for key in progress.in_state(|state| matches!(state, State::Started { .. })) {
                self.claimed
                    .insert(key.clone(), accepted.contains(key.as_str()));
            }
            unrecorded.extend(unrecorded_of(&progress, &accepted));
            if is_settled(&progress) {
                settled.insert(event.clone());
            }
        }
        self.unsettled.retain(|event| !settled.contains(event));
        self.tally.kills_before_outcome +=
            usize::from(unrecorded.difference(&self.unrecorded).count() > 0);
        self.unrecorded.extend(unrecorded);
    }

    /// Last lives, undisturbed, until nothing is under way: even the kill of an idle victim may
    /// take the note with it that a message was handled.
    async fn recover(&mut self) {
        self.plan.drops = None;
        for _ in 0..RECOVERIES {
            self.work_off().await;
            if Books::open(&self.plan.data).left_in_queues() == (0, 0) {
                return;
            }
        }
        panic!("work is left, or dead");
    }

    async fn work_off(&mut self) {
        let mut victim = self.start(None).expect("a victim that serves");
        let events = std::mem::take(&mut self.unanswered);
        self.offer(&victim, events.into_iter().collect(), |_| ())
            .await;
        assert_eq!(
            self.unanswered,
            BTreeSet::new(),
            "an undisturbed victim did not answer"
        );
        assert!(victim.obeys("quiet"), "the victim died by itself");
        victim.kill();
    }

    async fn count(mut self) -> Tally {
        let books = Books::open(&self.plan.data);
        let accepted = books.accepted();
        let mut purposes = BTreeMap::new();
        books
            .deliveries
            .iter()
            .for_each(|one| *purposes.entry(purpose(one)).or_insert(0) += 1);
        for event in &self.acknowledged.clone() {
            let progress = books.progress(event).await;
            for key in progress.in_state(|state| *state == State::Unknown) {
                self.judge(key, &accepted);
            }
            let (unknown, executed) = (progress.is_unknown(), progress.ended() == 2);
            self.tally.unknown += usize::from(unknown);
            self.tally.executed += usize::from(executed && !unknown);
            self.tally.lost += usize::from(!executed && !unknown);
            if executed && !unknown {
                self.tally.lost += missing(&purposes, event);
                let record = progress.record.expect("an executed event's record");
                assert_eq!(
                    (record.version, record.status.as_str()),
                    (3, "done"),
                    "{event}"
                );
            }
        }
        let listed = books.listed();
        assert_eq!(listed.reviews, self.tally.unknown, "review items");
        assert_eq!(listed.errors, Vec::<String>::new());
        self.tally.unknown_spent = listed.spent;
        self.finish(duplicates(&books.deliveries))
    }

    /// An unknown outcome must have its cause: an answer or a process that was lost.
    fn judge(&mut self, key: &str, accepted: &BTreeSet<&str>) {
        if accepted.contains(key) {
            self.unrecorded.insert(key.to_owned());
            self.tally.unknown_accepted += 1;
        } else {
            assert!(
                self.claimed.contains_key(key),
                "{key} is unknown without a cause"
            );
            self.tally.unknown_unsent += 1;
        }
    }

    fn finish(self, duplicates: usize) -> Tally {
        Tally {
            acknowledged: self.acknowledged.len(),
            duplicates,
            accepted_unrecorded: self.unrecorded.len(),
            claimed_unsent: self.claimed.values().filter(|sent| !**sent).count(),
            ..self.tally
        }
    }
}

/// Effects that were accepted and whose entries do not say so.
fn unrecorded_of(progress: &Progress, accepted: &BTreeSet<&str>) -> BTreeSet<String> {
    let steps = &progress.steps;
    let executions: BTreeSet<&str> = steps
        .keys()
        .filter_map(|key| key.split(':').next())
        .collect();
    let accepted_of = |execution| {
        let keys = accepted.range(execution..);
        keys.take_while(move |key| key.starts_with(execution))
    };
    let recorded = |key: &str| steps.get(key).is_some_and(|entry| entry.state.is_final());
    let keys = executions.into_iter().flat_map(accepted_of);
    keys.filter(|key| !recorded(key))
        .map(|key| (*key).to_owned())
        .collect()
}

fn is_settled(progress: &Progress) -> bool {
    progress.ended() == 2 || progress.is_unknown()
}
