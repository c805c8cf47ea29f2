//! What every step must do, whichever it is: a step's crate names how it is built and a pack that
//! uses it.

use std::sync::Arc;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::envelope::{Envelope, Input};
use holdfast_engine::id::{ExecutionRef, RecordRef};
use holdfast_engine::key;
use holdfast_engine::name::WorkflowName;
use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_engine::record::Record;
use holdfast_engine::step::{Effect, Step};

use super::{Effects, End, Script, Witness, World};
use crate::faulty::{Faults, Faulty, Interrupted, Schedule, When};
use crate::memory::Memory;

/// What a step function is built from: ports, and what its fake provider tells of its calls.
///
/// A fake provider makes each call inside [`Faults::around`], so that it counts and can fail, and
/// notes an arrival in [`Effects`].
#[derive(Debug, Clone)]
pub struct Probe {
    /// The ports.
    pub ports: Arc<Faulty<Memory>>,
    /// What every call goes through.
    pub faults: Arc<Faults>,
    /// What reached the receivers.
    pub effects: Arc<Effects>,
    /// What scripted steps do.
    pub script: Arc<Script>,
}

/// A step under test: the first step of a workflow.
#[derive(Debug)]
pub struct Case<B> {
    /// How the step is built.
    pub build: B,
    /// A pack whose workflow uses it.
    pub pack: Arc<Pack>,
    /// The workflow.
    pub workflow: &'static str,
    /// The execution's record, and the state in which it starts; it need not exist.
    pub home: RecordRef,
    /// The record.
    pub record: Option<Record>,
}

impl<B> Case<B> {
    /// The first step of workflow `w` of a pack, on a deal that does not exist.
    #[must_use]
    pub fn new(pack: &Arc<Pack>, build: B) -> Self {
        let (workflow, home, record) = ("w", World::home(), None);
        let pack = Arc::clone(pack);
        Self {
            build,
            pack,
            workflow,
            home,
            record,
        }
    }

    fn world<S: Step>(&self) -> World
    where
        B: Fn(&Probe) -> S,
    {
        let mut world = World::new(1, &self.pack);
        world.add((self.build)(&world.probe()));
        if let Some(record) = &self.record {
            let body = serde_json::to_string(record).expect("a record encodes");
            world.memory.journal().seed(key::record(&self.home), body);
        }
        world
    }

    fn start(&self, world: &World) -> ExecutionRef {
        let record = self.record.as_ref().map(Record::snapshot);
        world.start_at(&self.home, self.workflow, "sent:1", record)
    }

    /// The step's number one, `id.1`.
    fn step(&self) -> String {
        let workflow = WorkflowName::new(self.workflow).expect("a name");
        format!("{}.1", self.pack.workflows[&workflow].steps[0].id)
    }

    /// The effect of the step's call.
    fn effect<S: Step>(&self, world: &World) -> Effect {
        let workflow = WorkflowName::new(self.workflow).expect("a name");
        let via = self.pack.workflows[&workflow].steps[0].via.as_ref();
        let connection = via.and_then(|via| self.pack.connections.get(via));
        let body = &world.memory.queue().bodies(S::SPEC.name)[0];
        let envelope: Envelope = serde_json::from_str(body).expect("an envelope");
        let Input::Rendered(input) = envelope.input else {
            panic!("the input of the step under test has no value");
        };
        S::effect(&input, connection.map(AsRef::as_ref))
    }
}

/// A step that is delivered again, as the same message, as another copy, and after it was
/// acknowledged, acts once, and changes nothing more.
///
/// # Panics
/// When it does not.
pub fn succeeds_when_delivered_twice<S: Step, B: Fn(&Probe) -> S>(case: &Case<B>) {
    let world = case.world();
    let execution = case.start(&world);
    let flight = world.take(0).expect("the step was sent");
    let first = flight.received().clone();
    drop(flight);
    world.memory.queue().reappear(&first.receipt);
    assert_eq!(world.deliver(), Some(End::Settled(Verdict::Acknowledge)));
    assert!(world.run(), "it never became quiet");
    let settled = Witness::of(&world);
    assert_eq!(settled.state(&execution, &case.step()), "succeeded");
    let effects = world.effects.all();
    let before = world.memory.snapshot();
    world.memory.queue().resurrect(&first);
    case.start(&world);
    assert!(world.run(), "it never became quiet again");
    assert_eq!(world.effects.all(), effects, "it acted again");
    let after = world.memory.snapshot();
    assert!(
        before.items().eq(after.items()),
        "it changed something again"
    );
}

/// A step whose process dies at any call of a port, before or after the call took effect, comes
/// to the same end: it succeeded once, or its outcome is unknown and a person is asked.
///
/// # Panics
/// When it does not.
pub fn survives_a_crash_at_every_port_call<S: Step, B: Fn(&Probe) -> S>(case: &Case<B>) {
    let calm = ended(case, Schedule::Never).1;
    for when in [When::Before, When::After] {
        for call in 1.. {
            let schedule = Schedule::Nth(call, Interrupted::crash(when));
            let (died, world) = ended(case, schedule);
            if !died {
                assert!(call > 3, "the step made no call of a port");
                break;
            }
            same_end::<S, B>(
                case,
                &calm,
                &world,
                &format!("a crash {when:?} call {call}"),
            );
        }
    }
}

/// Runs the step's first delivery under a schedule, then everything, undisturbed.
fn ended<S: Step, B: Fn(&Probe) -> S>(case: &Case<B>, schedule: Schedule) -> (bool, World) {
    let world = case.world();
    case.start(&world);
    world.faults.schedule(schedule);
    let died = world.deliver() == Some(End::Died);
    world.faults.schedule(Schedule::Never);
    assert!(world.run(), "it never became quiet");
    (died, world)
}

fn same_end<S: Step, B: Fn(&Probe) -> S>(case: &Case<B>, calm: &World, world: &World, what: &str) {
    let seen = Witness::of(world);
    let execution = case.start(world);
    let state = seen.state(&execution, &case.step());
    assert_eq!(seen.open_codes(), [""; 0], "open errors after {what}");
    let function = S::SPEC.name;
    if state == "succeeded" {
        let keys = |world: &World| world.effects.distinct(function);
        assert_eq!(keys(world), keys(calm), "effects after {what}");
        assert_eq!(
            record(world, case),
            record(calm, case),
            "the record after {what}"
        );
    } else {
        assert_eq!(state, "unknown", "the state after {what}");
        assert_eq!(seen.reviews.len(), 1, "review items after {what}");
    }
    if case.effect::<S>(world) == Effect::AtMostOnce {
        let raw = world.effects.raw(function);
        assert!(
            raw <= calm.effects.raw(function),
            "{raw} effects after {what}"
        );
    } else {
        assert_eq!(state, "succeeded", "the state after {what}");
    }
}

/// The parts of the record that do not tell the time.
fn record<B>(world: &World, case: &Case<B>) -> Option<(u64, String, String)> {
    let item = world.memory.journal().item(&key::record(&case.home))?;
    let record: Record = serde_json::from_str(&item.body).expect("a record");
    let fields = serde_json::to_string(&record.fields).expect("fields encode");
    Some((record.version, record.status, fields))
}
