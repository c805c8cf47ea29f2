//! Who has an item: acknowledged, claimed, taken over; and what is refused.

use holdfast_engine::operate::{Operate, Ruling};
use holdfast_engine::operation::Status;
use holdfast_tests::desk::{ask, code, dispute, item, operations, ruled};
use holdfast_tests::world::{Behaviour, Rest, Story};
use serde_json::json;

/// An effect that may have happened.
fn doubtful() -> Story {
    let step = "- { id: s, uses: raw-effect, with: { to: a } }";
    let story = Story::of(step).plays("s.1", [Behaviour::Unknown(true)]);
    story.run();
    story
}

fn done() -> Ruling {
    Ruling::Done {
        output: Some(json!({ "id": "given" })),
    }
}

#[test]
fn a_claimed_item_is_decided_by_its_claimer_or_taken_over() {
    let story = doubtful();
    let item = item(&story.world);
    let claim = |by: &str, take_over| Operate::Claim {
        item: item.clone(),
        by: by.to_owned(),
        take_over,
    };
    ask(&story.world, claim("ann", false)).unwrap();
    ask(&story.world, claim("ann", false)).unwrap();
    assert_eq!(
        code(&ask(&story.world, claim("ben", false))),
        "NotClaimable"
    );
    let asked = ruled(&story.world, "ben", done());
    assert_eq!(code(&ask(&story.world, asked.clone())), "NotClaimable");
    let Operate::Decide(mut forced) = asked else {
        panic!("a decision");
    };
    forced.take_over = true;
    ask(&story.world, Operate::Decide(forced)).unwrap();
    assert_eq!(
        code(&ask(&story.world, claim("ann", true))),
        "AlreadyDecided"
    );
}

#[test]
fn of_two_people_one_claims() {
    for seed in 0..40 {
        let story = doubtful();
        let item = item(&story.world);
        let asked = ["ann", "ben"].map(|by| Operate::Claim {
            item: item.clone(),
            by: by.to_owned(),
            take_over: false,
        });
        let answers = dispute(&story.world, seed, asked);
        let mut codes = answers.each_ref().map(code);
        codes.sort_unstable();
        assert_eq!(codes, ["NotClaimable", "Ok"], "seed {seed}");
    }
}

#[test]
fn what_a_person_knows_of_is_marked_once_and_stays_open() {
    let story = doubtful();
    let item = item(&story.world);
    for by in ["ann", "ben"] {
        let (item, by) = (item.clone(), by.to_owned());
        ask(&story.world, Operate::Acknowledge { item, by }).unwrap();
    }
    let handling = operations(&story.world)[0].handling().clone();
    assert_eq!(
        handling.acknowledged.map(|mark| mark.by).as_deref(),
        Some("ann")
    );
    assert_eq!(handling.status, Status::Open);
}

#[test]
fn what_cannot_be_decided_is_refused_by_name() {
    let story = doubtful();
    let item = item(&story.world);
    let decide = |ruling: Ruling| code(&ask(&story.world, ruled(&story.world, "ann", ruling)));
    assert_eq!(
        decide(Ruling::Approve { record: None }),
        "ChoiceNotPossible"
    );
    assert_eq!(decide(Ruling::Resolve), "ChoiceNotPossible");
    let Operate::Decide(mut silent) = ruled(&story.world, "ann", Ruling::Reject) else {
        panic!("a decision");
    };
    silent.reason = None;
    assert_eq!(
        code(&ask(&story.world, Operate::Decide(silent.clone()))),
        "ReasonMissing"
    );
    silent.by = " ".to_owned();
    assert_eq!(
        code(&ask(&story.world, Operate::Decide(silent))),
        "PersonMissing"
    );
    let mut nowhere = item.clone();
    nowhere.id = "nothing".to_owned();
    for tenant in [item.tenant, None] {
        nowhere.tenant = tenant;
        let (item, by) = (nowhere.clone(), "ann".to_owned());
        let answer = ask(&story.world, Operate::Acknowledge { item, by });
        assert_eq!(code(&answer), "UnknownItem");
    }
}

#[test]
fn an_item_is_found_without_its_tenant() {
    let story = doubtful();
    let mut item = item(&story.world);
    item.tenant = None;
    let by = "ann".to_owned();
    ask(&story.world, Operate::Acknowledge { item, by }).unwrap();
    assert!(
        operations(&story.world)[0]
            .handling()
            .acknowledged
            .is_some()
    );
}

const RETURNS: &str = "- { id: s, uses: raw-effect, with: { to: a }, \
    returns: { id: { type: string, required: true, from: response.body.id } } }\n\
    - { id: next, uses: keyed-effect, with: { to: =steps.s.id } }";

#[test]
fn a_result_that_a_person_gives_is_what_the_step_declares() {
    let story = Story::of(RETURNS).plays("s.1", [Behaviour::Unknown(true)]);
    story.run();
    for output in [
        None,
        Some(json!({})),
        Some(json!({ "id": 7 })),
        Some(json!("x")),
    ] {
        let answer = ask(
            &story.world,
            ruled(&story.world, "ann", Ruling::Done { output }),
        );
        assert_eq!(code(&answer), "InvalidOutput", "{answer:?}");
    }
    ask(&story.world, ruled(&story.world, "ann", done())).unwrap();
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1"]));
}
