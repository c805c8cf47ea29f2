//! Two deliveries of a record's event, each of which decides.

use holdfast_engine::event::{Event, EventMessage, Lineage, Origin};
use holdfast_engine::id::EventId;
use holdfast_engine::key;
use holdfast_engine::port::{Ports as _, QueueName};
use holdfast_engine::route::EventEntry;
use holdfast_tests::meeting::Met;
use holdfast_tests::memory::Condition;
use holdfast_tests::world::{World, compiled_with};
use serde_json::{Map, Value as Json, json};

use crate::steps::stalled;

const WHEN: &str = "when: [ config.greeting == 'hello' ]\n";

const STEP: &str = "- { id: s, uses: raw-effect, with: { to: a } }";

fn greet(world: &World, greeting: &str) {
    let greeting = Json::from(greeting);
    let config: Map<String, Json> = [("greeting".to_owned(), greeting)].into_iter().collect();
    world.memory.definitions().configure(config);
}

fn send(world: &World) {
    let record = json!({ "id": "1", "name": "Ann", "status": "new", "version": 2 });
    let message = EventMessage {
        tenant: World::home().tenant,
        event: Event {
            id: EventId::from_text("deal/1@2"),
            name: "record.updated".to_owned(),
            at: world.now(),
            data: Map::new(),
            before: Some(record.clone()),
            after: Some(record),
            asked: None,
            changed: Vec::new(),
        },
        origin: Origin::Record {
            record: World::home(),
            on: holdfast_engine::definition::model::RecordChange::Updated,
            bulk: false,
        },
        lineage: Lineage::default(),
        resubmitted: None,
    };
    let body = serde_json::to_string(&message).unwrap();
    let queue = world.memory.queue();
    queue.resend(&QueueName::events(), body, world.now());
}

/// One decides by the old setting and stops; then the setting changes, and the other starts the
/// workflow. What was started is in the entry.
pub fn decided_twice(ignored: &[Condition], call: u64) -> Met {
    let mut world = World::scripted(1, &compiled_with(WHEN, STEP));
    world.add_internal("route-event", |ports, delivery| async move {
        holdfast_route_event::handle(&ports, &delivery).await
    });
    let world = world;
    world.memory.journal().ignore(ignored.iter().copied());
    greet(&world, "bye");
    send(&world);
    let first = stalled(&world, call);
    let over = first.is_over();
    greet(&world, "hello");
    send(&world);
    while world.deliver().is_some() {}
    first.goes_on();
    world.run();
    let event = EventId::from_text("deal/1@2");
    let entry = world.memory.journal();
    let entry = entry
        .item(&key::home_event(&World::home(), &event))
        .unwrap();
    let entry: EventEntry = serde_json::from_str(&entry.body).unwrap();
    let acted = world.effects.all().len() == 1;
    let wrong = (acted != entry.started()).then(|| "a skipped workflow acted".to_owned());
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}
