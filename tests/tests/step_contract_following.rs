//! What follows a step: async steps, conditions, refusals, shaped results, the end.

use holdfast_engine::entry::{Dispatch, End};
use holdfast_engine::key;
use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_tests::world::{Behaviour, Rest, Story, World, compiled_with};
use serde_json::json;

fn dispatch(story: &Story, step: &str) -> Dispatch {
    story.entry(step).dispatch.expect("a dispatch")
}

fn sent(dispatch: &Dispatch) -> Vec<String> {
    dispatch.steps.iter().map(ToString::to_string).collect()
}

#[test]
fn an_async_step_blocks_nothing_and_its_failure_is_its_own() {
    let story = Story::of(
        "- { id: s, uses: keyed-effect, with: { to: a } }\n\
         - { id: aside, uses: raw-effect, async: true, with: { to: b } }\n\
         - { id: last, uses: keyed-effect, with: { to: c } }",
    )
    .plays("aside.1", [Behaviour::Permanent]);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(sent(&dispatch(&story, "s.1")), ["aside.1", "last.1"]);
    let rest = Rest::after(&["s.1", "last.1"]).dead(1).open(&["Refused"]);
    assert_eq!(story.run(), rest);
    assert_eq!(
        (story.state("aside.1"), story.state("last.1")),
        ("failed", "succeeded")
    );
    assert_eq!(dispatch(&story, "last.1").end, Some(End::Completed));
    story.world.redrive();
    story.run();
    assert!(
        story.entry("aside.1").dispatch.is_none(),
        "nothing follows it"
    );
}

#[test]
fn only_the_last_step_that_is_waited_for_ends_the_execution() {
    let story = Story::of(
        "- { id: s, uses: keyed-effect, with: { to: a } }\n\
         - { id: last, uses: keyed-effect, with: { to: b } }\n\
         - { id: aside, uses: raw-effect, async: true, with: { to: c } }",
    );
    assert_eq!(story.run(), Rest::after(&["s.1", "last.1", "aside.1"]));
    assert_eq!(dispatch(&story, "s.1").end, None);
    let last = dispatch(&story, "last.1");
    assert_eq!(
        (sent(&last), last.end),
        (vec!["aside.1".to_owned()], Some(End::Completed))
    );
}

#[test]
fn a_step_whose_condition_is_false_is_listed_as_skipped() {
    let story = Story::of(
        "- { id: s, uses: keyed-effect, with: { to: a } }\n\
         - { id: left, uses: raw-effect, if: record.status == 'won', with: { to: b } }\n\
         - { id: last, uses: keyed-effect, if: record.status == 'new', with: { to: c } }",
    );
    assert_eq!(story.run(), Rest::after(&["s.1", "last.1"]));
    let dispatch = dispatch(&story, "s.1");
    let skipped: Vec<_> = dispatch
        .skipped
        .iter()
        .map(|one| (one.step.as_str(), one.reason.as_str()))
        .collect();
    assert_eq!(skipped, [("left", "if: record.status == 'won' is false")]);
    assert_eq!(sent(&dispatch), ["last.1"]);
    assert_eq!(story.state("left.1"), "none");
}

#[test]
fn a_condition_without_a_value_is_false_and_says_so() {
    let story = Story::of(
        "- { id: s, uses: keyed-effect, with: { to: a } }\n\
         - { id: left, uses: raw-effect, if: record.phone == 'x', with: { to: b } }",
    );
    story.run();
    let dispatch = dispatch(&story, "s.1");
    assert_eq!(dispatch.skipped.len(), 1);
    assert!(
        dispatch.skipped[0]
            .reason
            .starts_with("if: record.phone == 'x'")
    );
    assert_eq!(dispatch.end, Some(End::Completed));
}

#[test]
fn an_execution_whose_while_is_false_stops_with_the_reason() {
    let steps = "- { id: s, uses: keyed-effect, with: { to: a } }\n\
                 - { id: next, uses: keyed-effect, with: { to: b } }";
    let pack = compiled_with("while: record.status == 'new'\n", steps);
    let story = Story::with(&pack);
    story.world.seed_record("t/deal/1", "won", "Ann");
    assert_eq!(story.run(), Rest::after(&["s.1"]));
    let stopped = dispatch(&story, "s.1");
    let reason = "while: record.status == 'new' is false".to_owned();
    assert_eq!(
        (sent(&stopped), stopped.end),
        (vec![], Some(End::Stopped(reason)))
    );
    let going = Story::with(&pack);
    going.world.seed_record("t/deal/1", "new", "Ann");
    assert_eq!(going.run(), Rest::after(&["s.1", "next.1"]));
}

#[test]
fn an_input_that_cannot_be_rendered_fails_its_step() {
    for (to, code) in [
        ("\"to {{ record.phone }}\"", "UnsetValue"),
        ("=record.phone", "InvalidInput"),
    ] {
        let story = Story::of(&format!(
            "- {{ id: s, uses: keyed-effect, with: {{ to: a }} }}\n\
             - {{ id: next, uses: raw-effect, with: {{ to: {to} }} }}"
        ));
        let rest = Rest::after(&["s.1"]).dead(1).open(&[code]);
        assert_eq!(story.run(), rest);
        assert_eq!(story.state("next.1"), "failed");
        assert_eq!(story.world.script.attempts(), 1, "it is never performed");
    }
}

fn refused(policy: &str) -> Story {
    let steps = format!(
        "- {{ id: mark, uses: update-record, {policy}with: {{ status: won }} }}\n\
         - {{ id: next, uses: keyed-effect, with: {{ to: b }} }}"
    );
    Story::of(&steps).plays("mark.1", [Behaviour::Give(json!({ "refused": true }))])
}

#[test]
fn a_refused_update_fails_its_step_unless_the_author_says_otherwise() {
    let story = refused("");
    let rest = Rest::after(&["mark.1"]).dead(1).open(&["Refused"]);
    assert_eq!(story.run(), rest);
    assert_eq!(story.world.script.attempts(), 1);
    assert!(
        story
            .world
            .memory
            .journal()
            .item(&key::record(&World::home()))
            .is_none()
    );
}

#[test]
fn a_refused_update_may_let_the_execution_go_on() {
    let story = refused("refused: continue, ");
    assert_eq!(story.run(), Rest::after(&["mark.1", "next.1"]));
    let output = story.entry("mark.1").output.expect("a result");
    assert_eq!(output["refused"], true);
}

#[test]
fn a_refused_update_may_stop_the_execution() {
    let story = refused("refused: stop, ");
    assert_eq!(story.run(), Rest::after(&["mark.1"]));
    assert_eq!(story.state("mark.1"), "succeeded");
    let stopped = dispatch(&story, "mark.1");
    let reason = End::Stopped("mark: refused".to_owned());
    assert_eq!((sent(&stopped), stopped.end), (vec![], Some(reason)));
}

const SHAPED: &str = "- { id: s, uses: FUNCTION, retry: [5s], with: { to: a }, returns: RETURNS }\n\
                      - { id: next, uses: keyed-effect, with: { to: b } }";

const RETURNS: &str = "{ ref: { type: string, required: true, from: response.body.ref } }";

/// A step that answers so.
fn shaped(function: &str, returns: &str, body: &serde_json::Value) -> Story {
    let answer = Behaviour::Give(json!({ "body": body }));
    let steps = SHAPED.replace("FUNCTION", function);
    Story::of(&steps.replace("RETURNS", returns)).plays("s.1", [answer])
}

#[test]
fn a_result_has_the_shape_that_returns_declares() {
    let story = shaped("keyed-effect", RETURNS, &json!({ "ref": "r1", "other": 7 }));
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1"]));
    assert_eq!(story.entry("s.1").output, Some(json!({ "ref": "r1" })));
}

#[test]
fn a_response_without_what_is_required_fails_and_is_not_repeated() {
    let story = shaped("keyed-effect", RETURNS, &json!({ "other": 7 }));
    let rest = Rest::after(&["s.1"]).dead(1).open(&["InvalidResponse"]);
    assert_eq!(story.run(), rest);
    assert_eq!(story.world.script.attempts(), 1);
    assert!(story.entry("s.1").progress.maybe, "it did take effect");
}

#[test]
fn a_bad_response_to_what_acts_once_only_asks_a_person() {
    let story = shaped("raw-effect", RETURNS, &json!({ "ref": { "no": "text" } }));
    let rest = Rest::after(&["s.1"]).reviews(&["s.1 InvalidResponse"]);
    assert_eq!(story.run(), rest);
    assert_eq!(story.state("s.1"), "unknown");
}

#[test]
fn a_bad_response_never_goes_to_the_fallback() {
    let fallback = format!("{RETURNS}, fallback: [ {{ uses: keyed-effect, with: {{ to: c }} }} ]");
    let story = shaped("keyed-effect", &fallback, &json!({}));
    let rest = Rest::after(&["s.1"]).reviews(&["s.1 InvalidResponse"]);
    assert_eq!(story.run(), rest);
    assert_eq!(
        (story.state("s.1"), story.state("s.2")),
        ("unknown", "none")
    );
}
