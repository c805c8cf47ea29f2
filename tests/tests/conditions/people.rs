//! People who decide while the error route writes, and what they decided on coming again.

use std::time::Duration;

use holdfast_engine::alert;
use holdfast_engine::definition::Files;
use holdfast_engine::operate::Ruling;
use holdfast_engine::operation::Status;
use holdfast_engine::port::{Ports as _, QueueName};
use holdfast_engine::sweep::Sweep;
use holdfast_receive_webhook::{Request, handle};
use holdfast_tests::desk::{ask, operations, ruled, status};
use holdfast_tests::meeting::{Met, Stalled};
use holdfast_tests::memory::{Condition, MAX_RECEIVES};
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Behaviour, Functions, Story, World, load};
use http::{HeaderMap, HeaderValue, Method};

const STEP: &str = "- { id: s, uses: raw-effect, with: { to: a } }";

const FORM: &str = "\
source: form
verify: { scheme: none }
event: \"'form.sent'\"
id: string(body.id)
data:
  size: { type: integer, required: true, from: body.size }
";

/// The error route has an operation while a person settles it: what they said holds.
fn settled_while_it_is_told(
    ignored: &[Condition],
    call: u64,
    how: Behaviour,
    ruling: Ruling,
) -> Met {
    let story = Story::of(STEP).plays("s.1", [how]);
    story.run();
    let world = &story.world;
    world.memory.journal().ignore(ignored.iter().copied());
    let (ports, told) = (world.probe().ports, operations(world).remove(0));
    let first = Stalled::before(call, &world.faults, alert::seen(ports.as_ref(), &told));
    ask(world, ruled(world, "ann", ruling)).unwrap();
    let over = first.is_over();
    first.goes_on().unwrap();
    let open = status(world) != Status::Closed;
    let wrong = open.then(|| "what a person settled is open".to_owned());
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

/// A step that failed is resolved.
pub fn resolved_while_it_is_told(ignored: &[Condition], call: u64) -> Met {
    settled_while_it_is_told(ignored, call, Behaviour::Permanent, Ruling::Resolve)
}

/// An effect in doubt is rejected.
pub fn rejected_while_it_is_told(ignored: &[Condition], call: u64) -> Met {
    settled_while_it_is_told(ignored, call, Behaviour::Unknown(true), Ruling::Reject)
}

/// Two sweeps find a dead letter that nobody recorded; between them a person resolves it.
pub fn swept_twice(ignored: &[Condition], call: u64) -> Met {
    let story = Story::of(STEP);
    let world = &story.world;
    story.run();
    let (queue, now) = (QueueName::of("raw-effect"), world.now());
    world
        .memory
        .queue()
        .resend(&queue, "no JSON".to_owned(), now);
    for _ in 0..MAX_RECEIVES {
        let flight = world.take(0).expect("a visible message");
        world.memory.queue().reappear(flight.receipt());
    }
    assert!(world.take(0).is_none(), "it is a dead letter");
    world.memory.journal().ignore(ignored.iter().copied());
    let ports = world.probe().ports;
    let (mut late, mut early) = (Sweep::default(), Sweep::default());
    let first = Stalled::before(call, &world.faults, late.pass(ports.as_ref()));
    let over = first.is_over();
    if !over {
        ready(early.pass(ports.as_ref())).unwrap();
        ask(world, ruled(world, "ann", Ruling::Resolve)).unwrap();
    }
    first.goes_on().unwrap();
    let open = !over && status(world) != Status::Closed;
    let wrong = open.then(|| "what a person resolved is open".to_owned());
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

fn form() -> World {
    let files = [("pack.yaml", "pack: t\n"), ("form.source.yaml", FORM)];
    let files: Files = files
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
    World::scripted(1, &load(&files, &Functions::scripted()))
}

fn wrong_input() -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    Request {
        method: Method::POST,
        path_and_query: "/hooks/t/form".to_owned(),
        headers,
        body: br#"{"id":1,"size":"large"}"#.to_vec(),
    }
}

/// A request whose data is wrong stops on its way; its provider repeats it, and a person rejects
/// it.
pub fn sent_again_after_a_decision(ignored: &[Condition], call: u64) -> Met {
    let world = form();
    world.memory.journal().ignore(ignored.iter().copied());
    let (ports, request) = (world.probe().ports, wrong_input());
    let first = Stalled::before(call, &world.faults, handle(ports.as_ref(), &request));
    let over = first.is_over();
    assert_eq!(ready(handle(ports.as_ref(), &request)).status, 202);
    ask(&world, ruled(&world, "ann", Ruling::Reject)).unwrap();
    world.memory.clock().advance(Duration::from_secs(1));
    assert_eq!(first.goes_on().status, 202);
    let open = status(&world) != Status::Closed;
    let wrong = open.then(|| "what a person rejected is open".to_owned());
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}
