//! The sweep over dead letters.

use std::time::Duration;

use holdfast_engine::definition::model::Severity;
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{
    Clock as _, DeadLetters as _, Outgoing, Ports as _, Queue as _, QueueName, Table,
};
use holdfast_engine::sweep::Sweep;
use holdfast_tests::faulty::{Fault, Interrupted, Schedule, When};
use holdfast_tests::memory::MAX_RECEIVES;
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Behaviour, Rest, Story, VISIBILITY};

use crate::route::{Route, Unruly, minutes, tenant};

/// A message whose function dies each time: nobody settles it.
fn die(route: &Route, queue: &str, body: &str) {
    let message = Outgoing {
        queue: QueueName::of(queue),
        body: body.to_owned(),
        delay: Duration::ZERO,
        tenant: tenant(),
        created: route.memory.clock().now(),
    };
    ready(route.memory.queue().send(vec![message])).unwrap();
    for _ in 0..MAX_RECEIVES {
        let received = route.memory.queue().receive(0, Duration::from_secs(1));
        assert_eq!(received.unwrap().delivery.body, body);
        route.memory.clock().advance(Duration::from_secs(1));
    }
    assert!(
        route
            .memory
            .queue()
            .receive(0, Duration::from_secs(1))
            .is_none()
    );
}

fn errors(route: &Route) -> Vec<Operation> {
    let items = route.memory.journal().items(Table::Operations, "");
    let decode = |(key, item): &(_, holdfast_engine::port::Item)| {
        let key: &holdfast_engine::port::Key = key;
        Operation::decode(&key.partition, &item.body).unwrap()
    };
    items.iter().map(decode).collect()
}

fn pass(sweep: &mut Sweep, route: &Route) -> usize {
    ready(sweep.pass(route.memory.as_ref())).unwrap()
}

#[test]
fn an_event_whose_routing_dies_each_time_is_recorded_once_and_told() {
    let mut route = Route::new(1, Unruly::default());
    let mut sweep = Sweep::default();
    die(&route, "route-event", r#"{"not":"an envelope"}"#);
    assert_eq!(pass(&mut sweep, &route), 1);
    assert_eq!(pass(&mut sweep, &route), 0);
    assert_eq!(pass(&mut Sweep::default(), &route), 0, "after a start too");
    let errors = errors(&route);
    assert_eq!(errors.len(), 1);
    assert_eq!(
        (errors[0].code(), errors[0].function()),
        ("DeadLettered", "route-event")
    );
    assert_eq!(errors[0].subject(), r#"{"not":"an envelope"}"#);
    assert_eq!(route.memory.queue().dead().len(), 1, "nothing is deleted");
    route.settle();
    assert_eq!(route.posts().len(), 2, "by phone and in chat");
}

#[test]
fn what_dies_later_is_found_without_reading_everything_again() {
    let mut route = Route::new(1, Unruly::default());
    let mut sweep = Sweep::default();
    for round in 1..=3 {
        die(&route, "route-event", &format!("[{round}]"));
        assert_eq!(pass(&mut sweep, &route), 1, "round {round}");
        route.settle();
        route.memory.clock().advance(minutes(2));
    }
    assert_eq!(pass(&mut sweep, &route), 0);
    let (faults, ports) = (&route.faults, &route.ports);
    faults.schedule(Schedule::Never);
    assert_eq!(ready(sweep.pass(ports)).unwrap(), 0);
    let fresh = faults.calls();
    faults.schedule(Schedule::Never);
    assert_eq!(ready(Sweep::default().pass(ports)).unwrap(), 0);
    assert_eq!(faults.calls() - fresh, 3, "one look at each letter");
    let dead = route.memory.dead_letters();
    let letters = ready(dead.list(&QueueName::of("route-event"), None, 10)).unwrap();
    assert_eq!(letters.len(), 3);
}

#[test]
fn the_routes_own_dead_letters_are_recorded_and_call_nobody() {
    let mut route = Route::new(1, Unruly::default());
    die(&route, "handle-error", r#"{"partition":"-"}"#);
    assert_eq!(pass(&mut Sweep::default(), &route), 1);
    route.settle();
    let errors = errors(&route);
    assert_eq!(
        (errors[0].function(), errors[0].severity()),
        ("handle-error", Severity::P1)
    );
    assert_eq!(route.posts(), []);
}

const STEPS: &str = "- { id: s, uses: keyed-effect, with: { to: a } }";

/// A step whose process died in each of its receives, before it wrote anything down.
fn lost(story: &Story) {
    story.spend_receives();
    drop(story.world.take(0).expect("the last receive"));
    story.world.memory.clock().advance(VISIBILITY);
    assert!(story.world.take(0).is_none(), "it is dead-lettered");
}

fn swept(story: &Story) -> usize {
    ready(Sweep::default().pass(story.world.memory.as_ref())).unwrap()
}

#[test]
fn a_step_that_died_each_time_is_recorded_under_its_name_until_its_redrive_succeeds() {
    let story = Story::of(STEPS);
    lost(&story);
    assert_eq!(swept(&story), 1);
    assert_eq!(swept(&story), 0);
    assert_eq!(story.state("s.1"), "retrying");
    let error = story.seen().errors.remove(0);
    assert_eq!(error.code, "DeadLettered");
    assert_eq!(error.execution.as_ref(), Some(&story.execution));
    assert_eq!(error.step.unwrap().to_string(), "s.1");
    assert_eq!(story.world.redrive(), 1);
    assert_eq!(story.run(), Rest::after(&["s.1"]).closed(&["DeadLettered"]));
}

#[test]
fn a_dead_letter_of_a_step_that_somebody_knows_of_or_that_is_settled_is_left_alone() {
    let failed = Story::of(STEPS).plays("s.1", [Behaviour::Permanent]);
    let open = failed.run().open;
    assert_eq!(swept(&failed), 0);
    assert_eq!(failed.rest().open, open);
    let doubled = Story::of(STEPS);
    let message = doubled
        .world
        .memory
        .queue()
        .bodies("keyed-effect")
        .remove(0);
    doubled.run();
    let queue = QueueName::of("keyed-effect");
    doubled
        .world
        .memory
        .queue()
        .resend(&queue, message, doubled.world.now());
    lost(&doubled);
    assert_eq!(swept(&doubled), 0);
}

/// A copy of a step's message, and nothing else in any queue.
fn only(story: &Story, body: &str) {
    let (queue, now) = (QueueName::of("keyed-effect"), story.world.now());
    let queues = story.world.memory.queue();
    queues.lose_all();
    queues.resend(&queue, body.to_owned(), now);
}

#[test]
fn a_dead_letter_that_should_have_sent_what_follows_is_recorded_until_that_arrives() {
    let story = Story::of(&format!(
        "{STEPS}\n- {{ id: next, uses: keyed-effect, with: {{ to: b }} }}"
    ));
    let body = story.world.memory.queue().bodies("keyed-effect").remove(0);
    story.deliver();
    only(&story, &body);
    lost(&story);
    assert_eq!(swept(&story), 0, "what follows may be on its way");
    story.world.memory.clock().advance(minutes(15));
    assert_eq!((swept(&story), swept(&story)), (1, 0));
    assert_eq!(story.rest().open, ["DeadLettered"]);
    assert_eq!(story.world.redrive(), 1);
    story.run();
    assert_eq!(swept(&story), 0);
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["DeadLettered"]);
    assert_eq!(story.rest(), rest);
}

#[test]
fn what_was_recorded_of_a_message_is_closed_once_another_copy_has_succeeded() {
    let story = Story::of(STEPS);
    let body = story.world.memory.queue().bodies("keyed-effect").remove(0);
    story.spend_receives();
    let (fault, when) = (Fault::Throttle, When::Before);
    // The definitions are read first: without them the step is not known yet.
    let read = Schedule::Nth(1, Interrupted { fault, when });
    story.world.faults.schedule(read);
    story.deliver();
    let error = story.seen().errors.remove(0);
    let of_step = (
        error.execution.as_ref(),
        error.step.map(|step| step.to_string()),
    );
    assert_eq!(of_step, (Some(&story.execution), Some("s.1".to_owned())));
    swept(&story);
    assert_eq!(
        story.rest().open,
        ["StoreThrottled"],
        "nothing has succeeded"
    );
    only(&story, &body);
    story.run();
    assert_eq!(story.rest().open, ["StoreThrottled"]);
    swept(&story);
    assert_eq!(
        story.rest(),
        Rest::after(&["s.1"]).closed(&["StoreThrottled"])
    );
}
