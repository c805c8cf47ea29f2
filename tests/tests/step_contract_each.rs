//! Steps that are performed for every element of a list: each element by itself, and the execution
//! goes on when all are done.

use holdfast_engine::operate::Ruling;
use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_tests::desk::{ask, ruled};
use holdfast_tests::faulty::{Fault, Interrupted, Schedule, When};
use holdfast_tests::world::{Behaviour, Rest, Story};
use serde_json::{Value as Json, json};

const TELL: &str = "- { id: tell, uses: raw-effect, retry: [5s], each: \"=['a', 'b', 'c']\", with: { to: =item } }\n\
                    - { id: next, uses: keyed-effect, with: { to: \"{{ steps.tell[2].id }}\" } }";

fn states(story: &Story) -> Vec<&'static str> {
    ["tell.1", "tell.1@000", "tell.1@001", "tell.1@002", "next.1"]
        .map(|step| story.state(step))
        .into()
}

const DONE: [&str; 5] = ["succeeded"; 5];

const ALL: [&str; 4] = ["tell.1@000", "tell.1@001", "tell.1@002", "next.1"];

/// The inputs of the messages that wait, by their step.
fn inputs(story: &Story, queue: &str) -> Vec<(String, Json)> {
    let bodies = story.world.memory.queue().bodies(queue).into_iter();
    let input = |body: String| {
        let envelope: Json = serde_json::from_str(&body).unwrap();
        let step = envelope["step"].as_str().unwrap().to_owned();
        (step, envelope["input"]["rendered"].clone())
    };
    bodies.map(input).collect()
}

/// A step whose list is this expression, with another after it.
fn each(list: &str) -> Story {
    Story::of(&format!(
        "- {{ id: tell, uses: raw-effect, each: \"={list}\", with: {{ to: =item }} }}\n\
         - {{ id: next, uses: keyed-effect, with: {{ to: b }} }}"
    ))
}

#[test]
fn each_element_is_an_effect_of_its_own_and_the_result_is_their_list() {
    let story = Story::of(TELL);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(states(&story), ["waiting", "none", "none", "none", "none"]);
    let sent = [("@000", "a"), ("@001", "b"), ("@002", "c")];
    let sent = sent.map(|(element, to)| (format!("tell.1{element}"), json!({ "to": to })));
    assert_eq!(inputs(&story, "raw-effect"), sent);
    assert_eq!(story.run(), Rest::after(&ALL));
    assert_eq!(states(&story), DONE);
    let key = |index: u32| {
        let execution = &story.execution.execution;
        json!({ "id": format!("{execution}:1:tell.1@{index:03}") })
    };
    let output = story.entry("tell.1").output;
    assert_eq!(output, Some([0, 1, 2].map(key).into_iter().collect()));
}

#[test]
fn an_empty_list_succeeds_with_an_empty_result() {
    let story = each("['a'].filter(it, it == 'b')");
    assert_eq!(story.run(), Rest::after(&["next.1"]));
    assert_eq!(story.state("tell.1"), "succeeded");
    assert_eq!(story.entry("tell.1").output, Some(json!([])));
}

#[test]
fn what_is_no_list_or_too_long_a_one_fails_before_anything_is_sent() {
    let long = vec!["'a'"; 201].join(", ");
    let story = each(&format!("[{long}]"));
    let rest = Rest::default().dead(1).open(&["TooManyElements"]);
    assert_eq!(story.run(), rest);
    assert_eq!(story.state("tell.1"), "failed");
    let found = Behaviour::Give(json!({ "body": { "guests": "ann" } }));
    let story = Story::of(
        "- { id: ask, uses: keyed-effect, with: { to: a } }\n\
         - { id: tell, uses: raw-effect, each: =steps.ask.body.guests, with: { to: =item } }",
    )
    .plays("ask.1", [found]);
    let rest = Rest::after(&["ask.1"]).dead(1).open(&["NotAList"]);
    assert_eq!(story.run(), rest);
    let most = vec!["'a'"; 200].join(", ");
    let arrived = each(&format!("[{most}]")).run().arrived;
    assert_eq!(arrived.len(), 201);
}

#[test]
fn the_others_happen_when_one_fails_and_the_execution_goes_on_once_it_is_redriven() {
    let story = Story::of(TELL).plays("tell.1@001", [Behaviour::Permanent]);
    let rest = Rest::after(&["tell.1@000", "tell.1@002"]);
    assert_eq!(story.run(), rest.dead(1).open(&["Refused"]));
    let halted = ["waiting", "succeeded", "failed", "succeeded", "none"];
    assert_eq!(states(&story), halted);
    assert_eq!(story.world.redrive(), 1);
    let rest = Rest::after(&["tell.1@000", "tell.1@002", "tell.1@001", "next.1"]);
    assert_eq!(story.run(), rest.closed(&["Refused"]));
    assert_eq!(states(&story), DONE);
}

#[test]
fn an_element_that_is_too_late_gives_nothing_and_holds_up_nobody() {
    let (past, future) = ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
    for ([one, other], states) in [
        ([past, future], ["skipped", "succeeded"]),
        ([future, past], ["succeeded", "skipped"]),
        ([past, past], ["skipped", "skipped"]),
    ] {
        let story = Story::of(&format!(
            "- {{ id: tell, uses: raw-effect, each: \"=['{one}', '{other}']\",\n    \
               expires: =timestamp(item), with: {{ to: =item }} }}\n\
             - {{ id: next, uses: keyed-effect, with: {{ to: b }} }}"
        ));
        let given = states.map(|state| state == "succeeded");
        let sent = given.iter().filter(|given| **given).count();
        assert_eq!(story.run().arrived.len(), sent + 1);
        let steps = ["tell.1@000", "tell.1@001"];
        assert_eq!(steps.map(|step| story.state(step)), states);
        assert_eq!(story.state("next.1"), "succeeded");
        let output = story.entry("tell.1").output.unwrap();
        assert_eq!([0, 1].map(|index| !output[index].is_null()), given);
    }
}

#[test]
fn an_element_of_unknown_outcome_is_a_question_of_its_own() {
    let story = Story::of(TELL).plays("tell.1@002", [Behaviour::Unknown(true)]);
    let rest = Rest::after(&["tell.1@000", "tell.1@001", "tell.1@002"]);
    let asked = rest.reviews(&["tell.1@002 OutcomeUnknown"]);
    assert_eq!(story.run(), asked);
    assert_eq!(
        states(&story)[..4],
        ["waiting", "succeeded", "succeeded", "unknown"]
    );
}

#[test]
fn an_element_has_attempts_and_fallbacks_of_its_own() {
    let story = Story::of(
        "- { id: tell, uses: raw-effect, retry: [5s], each: \"=['a', 'b']\", with: { to: =item },\n    \
           fallback: [ { uses: keyed-effect, with: { to: \"{{ item }}!\" } } ] }\n\
         - { id: next, uses: keyed-effect, with: { to: b } }",
    )
    .plays("tell.1@000", [Behaviour::Transient(None)])
    .plays("tell.1@001", [Behaviour::Permanent]);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert!(matches!(story.deliver(), Verdict::RetryAfter(_)));
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    let sent = ("tell.2@001".to_owned(), json!({ "to": "b!" }));
    assert_eq!(inputs(&story, "keyed-effect"), [sent]);
    assert_eq!(
        story.run(),
        Rest::after(&["tell.2@001", "tell.1@000", "next.1"])
    );
    assert_eq!(story.state("tell.1@001"), "fell-back");
    assert_eq!(story.state("tell.1"), "succeeded");
    let (output, execution) = (story.entry("tell.1").output, &story.execution.execution);
    let id = |step: &str| json!({ "id": format!("{execution}:1:{step}") });
    assert_eq!(output, Some(json!([id("tell.1@000"), id("tell.2@001")])));
}

#[test]
fn nobody_waits_for_the_elements_of_an_asynchronous_step() {
    let story = Story::of(
        "- { id: tell, uses: raw-effect, async: true, each: \"=['a', 'b']\", with: { to: =item } }\n\
         - { id: next, uses: keyed-effect, with: { to: b } }",
    )
    .plays("tell.1@000", [Behaviour::Permanent]);
    let rest = Rest::after(&["next.1", "tell.1@001"]);
    assert_eq!(story.run(), rest.dead(1).open(&["Refused"]));
    let next = story.entry("next.1").dispatch.expect("an end");
    assert!(next.end.is_some());
}

#[test]
fn each_element_asks_its_own_once_key() {
    let story = Story::of(
        "- { id: tell, uses: raw-effect, each: \"=['a', 'b', 'a']\", once: \"'told:' + item\", with: { to: =item } }\n\
         - { id: next, uses: keyed-effect, with: { to: b } }",
    );
    assert_eq!(
        story.run(),
        Rest::after(&["tell.1@000", "tell.1@001", "next.1"])
    );
    assert!(story.entry("tell.1@002").suppressed.is_some());
}

#[test]
fn a_result_is_bounded_by_what_all_elements_share() {
    let give = |length: usize| Behaviour::Give(json!({ "body": "x".repeat(length) }));
    let most = vec!["'a'"; 200].join(", ");
    let story = each(&format!("[{most}]"))
        .plays("tell.1@007", [give(300)])
        .plays("tell.1@008", [give(30)]);
    let rest = story.run();
    assert_eq!(rest.reviews, ["tell.1@007 ResultTooLarge"]);
    assert_eq!((rest.arrived.len(), rest.open.len()), (200, 0));
    let plain = Story::of("- { id: s, uses: raw-effect, with: { to: a } }");
    let rest = plain.plays("s.1", [give(300)]).run();
    assert_eq!(rest, Rest::after(&["s.1"]));
}

#[test]
fn an_element_whose_input_has_no_value_fails_by_itself() {
    let story = Story::of(
        "- { id: tell, uses: raw-effect, each: \"=[record.phone, record.name]\", with: { to: \"{{ item }}!\" } }",
    );
    let rest = Rest::after(&["tell.1@001"]).dead(1);
    assert_eq!(story.run(), rest.open(&["UnsetValue"]));
}

#[test]
fn the_execution_goes_on_when_a_person_says_of_the_last_element_that_it_is_done() {
    let story = Story::of(TELL).plays("tell.1@002", [Behaviour::Unknown(false)]);
    story.run();
    let output = Some(json!({ "id": "given" }));
    let done = ruled(&story.world, "ann", Ruling::Done { output });
    ask(&story.world, done).unwrap();
    assert_eq!(
        story.run(),
        Rest::after(&["tell.1@000", "tell.1@001", "next.1"])
    );
    assert_eq!(states(&story), DONE);
    let output = story.entry("tell.1").output.expect("a list");
    assert_eq!(output[2], json!({ "id": "given" }));
}

#[test]
fn the_execution_waits_for_an_element_that_a_person_rejects() {
    let story = Story::of(TELL).plays("tell.1@002", [Behaviour::Unknown(false)]);
    story.run();
    ask(&story.world, ruled(&story.world, "ann", Ruling::Reject)).unwrap();
    assert_eq!(story.run(), Rest::after(&["tell.1@000", "tell.1@001"]));
    let halted = ["waiting", "succeeded", "succeeded", "failed", "none"];
    assert_eq!(states(&story), halted);
}

/// The calls of ports that so many elements take, one after the other.
fn calls(elements: usize) -> u64 {
    let story = each(&format!("[{}]", vec!["'a'"; elements].join(", ")));
    story.world.faults.schedule(Schedule::Never);
    assert_eq!(story.run().arrived.len(), elements + 1);
    story.world.faults.calls()
}

#[test]
fn twice_as_many_elements_take_twice_as_many_calls() {
    let [few, more, many] = [40, 80, 160].map(calls);
    assert!(many - more <= 2 * (more - few) + 5, "{few} {more} {many}");
}

/// Runs a story whose n-th call of a port is the last of its process, from the start or once the
/// elements are sent, and goes on with another.
fn crashed(after: usize, n: u64, when: When) -> Option<Story> {
    let story = Story::of(TELL);
    for _ in 0..after {
        story.deliver();
    }
    let fault = Fault::Crash;
    let interrupted = Interrupted { fault, when };
    story.world.faults.schedule(Schedule::Nth(n, interrupted));
    let reached = std::iter::from_fn(|| story.world.deliver())
        .take(50)
        .count()
        < 50
        && story.world.faults.calls() >= n;
    story.world.faults.schedule(Schedule::Never);
    story.run();
    reached.then_some(story)
}

#[test]
fn a_crash_at_any_call_leaves_nothing_that_is_not_mended_or_asked() {
    let mut crashes = 0;
    for when in [When::Before, When::After] {
        for n in 1..200 {
            let Some(story) = crashed(0, n, when) else {
                break;
            };
            crashes += 1;
            let rest = story.rest();
            let asked = rest.reviews.len();
            assert!(asked <= 1, "{n} {when:?}: {rest:?}");
            assert_eq!((rest.queued, rest.dead), (0, 0), "{n} {when:?}: {rest:?}");
            let mut arrived = rest.arrived.clone();
            arrived.retain(|step| step.starts_with("tell"));
            let all = arrived.len();
            arrived.sort_unstable();
            arrived.dedup();
            assert_eq!(arrived.len(), all, "{n} {when:?}: {rest:?}");
            if asked == 0 {
                assert_eq!(states(&story), DONE, "{n} {when:?}: {rest:?}");
            }
        }
    }
    assert!(crashes > 40, "{crashes}");
}
