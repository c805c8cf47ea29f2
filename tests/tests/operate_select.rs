//! Which failures a redrive is about, and a redrive of many.

use std::time::Duration;

use holdfast_engine::operate::{Filter, ItemRef, Operate, Outcome};
use holdfast_engine::port::Ports as _;
use holdfast_tests::desk::{ask, die};
use holdfast_tests::faulty::When;
use holdfast_tests::world::{Behaviour, Story, World, compiled};

const STEPS: &str = "- { id: s, uses: raw-effect, with: { to: a } }\n\
                     - { id: next, uses: keyed-effect, with: { to: b } }";

fn failed() -> Story {
    let story = Story::of(STEPS).plays("s.1", [Behaviour::Permanent]);
    story.run();
    story.world.memory.clock().advance(Duration::from_mins(5));
    story
}

fn redrive_of(item: ItemRef) -> Operate {
    Operate::Redrive {
        item,
        by: "ann".to_owned(),
        reason: "the number is right now".to_owned(),
        dry_run: false,
        again: false,
    }
}

#[test]
fn a_redrive_of_many_is_killed_and_repeated_and_sends_each_once() {
    let world = World::scripted(3, &compiled(STEPS));
    for number in 0..40 {
        world.script.add("s.1", [Behaviour::Permanent]);
        world.start(&format!("sent:{number}"));
    }
    world.run();
    world.memory.clock().advance(Duration::from_mins(5));
    let filter = Filter {
        workflow: Some("w".parse().unwrap()),
        error_type: Some("Refused".to_owned()),
        ..Filter::default()
    };
    for kill in 0..8 {
        let mut selected = select(&world, &filter, 7);
        if let Some(first) = selected.pop() {
            die(&world, redrive_of(first), 1 + kill, When::After);
        }
        for item in selected.into_iter().take(6) {
            ask(&world, redrive_of(item)).unwrap();
        }
    }
    world.run();
    for item in select(&world, &filter, 50) {
        ask(&world, redrive_of(item)).unwrap();
    }
    world.run();
    assert_eq!(
        (
            world.effects.of_step("s.1"),
            world.effects.of_step("next.1")
        ),
        (40, 40)
    );
    assert!(select(&world, &filter, 50).is_empty());
}

/// Every page of what a filter selects.
fn select(world: &World, filter: &Filter, limit: usize) -> Vec<ItemRef> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let filter = filter.clone();
        let asked = Operate::Select {
            filter,
            after,
            limit,
        };
        let Ok(Outcome::Selected { found, next }) = ask(world, asked) else {
            panic!("a page");
        };
        all.extend(found.into_iter().map(|listed| listed.item));
        after = next;
        if after.is_none() {
            return all;
        }
    }
}

#[test]
fn what_is_selected_fits_every_member_of_the_filter() {
    let story = failed();
    let reference = story.execution.to_string();
    let since = story.world.now();
    let none = Filter::default();
    let fits = |filter: Filter| !select(&story.world, &filter, 10).is_empty();
    assert!(fits(none.clone()));
    assert!(fits(Filter {
        queue: Some("raw-effect".to_owned()),
        ..none.clone()
    }));
    assert!(fits(Filter {
        reference: Some(reference),
        ..none.clone()
    }));
    assert!(!fits(Filter {
        queue: Some("send-sms".to_owned()),
        ..none.clone()
    }));
    assert!(!fits(Filter {
        workflow: Some("v".parse().unwrap()),
        ..none.clone()
    }));
    assert!(!fits(Filter {
        error_type: Some("Other".to_owned()),
        ..none.clone()
    }));
    assert!(!fits(Filter {
        tenant: Some("other".parse().unwrap()),
        ..none.clone()
    }));
    assert!(!fits(Filter {
        reference: Some("t/deal/2".to_owned()),
        ..none.clone()
    }));
    assert!(!fits(Filter {
        since: Some(since),
        ..none
    }));
}
