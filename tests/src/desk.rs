//! A desk at which people decide about one workflow's failures: asked, interrupted, disputed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::faulty::{Fault, Faulty, Interrupted, Schedule, When};
use crate::memory::Memory;
use crate::random::Random;
use crate::ready::ready;
use crate::world::{Rest, Story, World};
use holdfast_engine::key;
use holdfast_engine::operate::{
    DECISION_PREFIX, Decide, DecisionEntry, ItemRef, Operate, OperateError, Operator, Outcome,
    Ruling,
};
use holdfast_engine::operation::{Operation, Status};
use holdfast_engine::port::{Ports as _, Table};
use holdfast_receive_webhook::WebhookDoor;

/// More calls of ports than any request makes.
const MAX_CALLS: u64 = 200;

/// What a person is told.
pub type Answer = Result<Outcome, OperateError>;

type Asked = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What a request and everything after it came to, without times.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// What is left.
    pub rest: Rest,
    /// State of each entry.
    pub states: Vec<String>,
    /// What people did, and about what.
    pub deeds: Vec<String>,
    /// Codes of what still needs someone.
    pub unsettled: Vec<String>,
    /// States of `once` keys.
    pub claims: Vec<String>,
}

/// An operator in this world.
pub fn operator(world: &World) -> Operator<Faulty<Memory>, WebhookDoor> {
    Operator::new(Arc::clone(&world.probe().ports), WebhookDoor)
}

fn begin(world: &World, request: Operate) -> Asked {
    let operator = operator(world);
    Box::pin(async move { operator.operate(request).await })
}

/// Asks, and gets an answer.
///
/// # Errors
/// What the operator says.
pub fn ask(world: &World, request: Operate) -> Answer {
    ready(begin(world, request))
}

/// Asks, and dies at the call with this number; `false`: there was no such call.
pub fn die(world: &World, request: Operate, call: u64, when: When) -> bool {
    let fault = Fault::Crash;
    world
        .faults
        .schedule(Schedule::Nth(call, Interrupted { fault, when }));
    let mut asked = begin(world, request);
    let polled = asked.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let died = world.faults.died();
    assert_eq!(died, polled.is_pending(), "it waits for nothing");
    world.faults.schedule(Schedule::Never);
    died
}

/// Two people ask at the same time, in an order of calls that a seed decides.
pub fn dispute(world: &World, seed: u64, requests: [Operate; 2]) -> [Answer; 2] {
    let mut random = Random::new(seed);
    world.faults.interleave(true);
    let mut asked = requests.map(|request| begin(world, request));
    let mut answers = [None, None];
    while answers.iter().any(Option::is_none) {
        let turn = random.below(2);
        if answers[turn].is_none()
            && let Poll::Ready(answer) = asked[turn]
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
        {
            answers[turn] = Some(answer);
        }
    }
    world.faults.interleave(false);
    answers.map(|answer| answer.expect("both were answered"))
}

/// Whatever call the command dies at, the same command once more comes to what it comes to when
/// it does not die.
pub fn survives_every_crash(
    open: impl Fn() -> Story,
    request: impl Fn(&Story) -> Operate,
    after: impl Fn(&Story),
) {
    let calm = open();
    let asked = request(&calm);
    ask(&calm.world, asked).expect("the calm one is done");
    after(&calm);
    let calm = trace(&calm);
    for when in [When::Before, When::After] {
        for call in 1..MAX_CALLS {
            let story = open();
            let asked = request(&story);
            if !die(&story.world, asked.clone(), call, when) {
                assert!(call > 2, "it makes calls");
                break;
            }
            let again = ask(&story.world, asked);
            after(&story);
            assert_eq!(trace(&story), calm, "died {when:?} call {call}: {again:?}");
        }
    }
}

/// Runs until nothing moves, and tells what came of everything.
pub fn trace(story: &Story) -> Trace {
    let rest = story.run();
    let journal = story.world.memory.journal();
    let seen = story.seen();
    let states = seen.entries.iter().map(|(step, entry)| {
        let step = step.split_once('#').map_or("", |(_, step)| step);
        format!("{step} {}", entry.state.name())
    });
    let claims = journal.items(Table::Claims, "").into_iter();
    let claims = claims.filter(|(key, _)| key.partition.contains("#once#"));
    Trace {
        states: states.collect(),
        deeds: deeds(&story.world)
            .iter()
            .map(|deed| {
                let step = deed.step.as_ref().map(ToString::to_string);
                format!(
                    "{:?} {} by {}",
                    deed.what,
                    step.unwrap_or_default(),
                    deed.by
                )
            })
            .collect(),
        unsettled: operations(&story.world)
            .iter()
            .filter(|operation| operation.handling().needs_someone())
            .map(|operation| operation.code().to_owned())
            .collect(),
        claims: claims
            .map(|(_, item)| {
                let claim: serde_json::Value = serde_json::from_str(&item.body).unwrap();
                claim["state"].as_str().unwrap_or_default().to_owned()
            })
            .collect(),
        rest,
    }
}

/// What people did, in the order of keys.
pub fn deeds(world: &World) -> Vec<DecisionEntry> {
    let items = world.memory.journal().items(Table::Journal, "").into_iter();
    items
        .filter(|(key, _)| key.sort.starts_with(DECISION_PREFIX))
        .map(|(_, item)| serde_json::from_str(&item.body).unwrap())
        .collect()
}

/// Every operation, settled ones too.
pub fn operations(world: &World) -> Vec<Operation> {
    let items = world.memory.journal().items(Table::Operations, "");
    items
        .iter()
        .map(|(key, item)| Operation::decode(&key.partition, &item.body).unwrap())
        .collect()
}

/// The only operation that needs someone.
pub fn item(world: &World) -> ItemRef {
    let open: Vec<_> = operations(world)
        .into_iter()
        .filter(|operation| operation.handling().needs_someone())
        .collect();
    let [one] = open.as_slice() else {
        panic!("one operation: {open:?}");
    };
    ItemRef {
        tenant: one.tenant().cloned(),
        id: one.id().to_owned(),
    }
}

/// The status of the only operation.
pub fn status(world: &World) -> Status {
    let all = operations(world);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].handling().status
}

/// A decision about the only operation that needs someone.
pub fn ruled(world: &World, by: &str, ruling: Ruling) -> Operate {
    Operate::Decide(Decide {
        item: item(world),
        ruling,
        by: by.to_owned(),
        reason: Some("because".to_owned()),
        take_over: false,
    })
}

/// The code of an answer; `Ok` where it was done.
pub fn code(answer: &Answer) -> &'static str {
    match answer {
        Ok(_) => "Ok",
        Err(error) => error.code(),
    }
}

/// The generation of an execution, as it is stored.
pub fn generation(story: &Story) -> Option<String> {
    let key = key::generation(&story.execution);
    story
        .world
        .memory
        .journal()
        .item(&key)
        .map(|item| item.body)
}
