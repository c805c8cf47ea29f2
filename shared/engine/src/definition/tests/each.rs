//! Steps that are performed for every element of a list.

use super::*;
use crate::name::WorkflowName;

const BOOKING: &str = "booking.workflow.yaml";
const INSURANCE: &str = "insurance-verification.workflow.yaml";
const CALENDLY: &str = "calendly.source.yaml";
const DATA: &str = "data:\n";
const CONFIRM: &str = "    with: { to: =record.patient.phone, body: { file: sms/booked.txt } }\n";

/// The example whose event has a list of phones, and whose confirmation says this instead.
fn confirming(old: &str, new: &str) -> Files {
    let mut files = edited(BOOKING, old, new);
    let source = files.get_mut(CALENDLY).unwrap();
    let phones = "data:\n  phones: { type: list, of: { type: phone }, from: body.phones }\n";
    *source = source.replacen(DATA, phones, 1);
    files
}

#[test]
fn an_element_has_the_type_of_the_list_and_the_result_is_a_list() {
    let each = "    each: =event.data.phones\n    with: { to: =item, body: \"{{ item }}\" }\n";
    let (pack, remarks) = loaded(&confirming(CONFIRM, each));
    assert_eq!(remarks, []);
    let workflow = &pack.workflows[&WorkflowName::new("booking").unwrap()];
    let list = workflow.steps[1].each.as_ref().unwrap();
    assert_eq!(list.source(), "event.data.phones");
    let read = "    each: =[record.starts_at]\n    returns: { covered: { type: boolean, from: response.body.covered } }\n    \
                with: { path: \"/{{ item | local('%F') }}\" }\n  \
                - id: then\n    uses: call-http\n    via: payer\n    \
                if: steps.ask.exists(one, one.covered)\n    with: { path: /x }\n  \
                - id: ask2\n    uses: call-http\n    via: payer\n    with: { path: /x }\n";
    let ask = "    with: { method: POST, path: \"/eligibility/{{ record.calendly_uri }}\", json: { at: =visit, tags: [a, =record.status] } }\n";
    let mistakes = refused(&edited(INSURANCE, ask, read));
    let told: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    assert!(
        told.iter().any(|told| told.contains("covered")),
        "a list has no member `covered`: {told:?}"
    );
}

#[test]
fn an_element_that_is_a_reference_is_read_and_changed() {
    let mut files = edited(
        BOOKING,
        "refused: stop }\n",
        "refused: stop }\n  - { id: mark, uses: update-record, each: =record.others, with: { record: =item, set: { name: =item.name } } }\n",
    );
    let appointment = files.get_mut("appointment.record.yaml").unwrap();
    let others = "fields:\n  others: { type: list, of: { type: ref, to: patient } }\n";
    *appointment = appointment.replacen("fields:\n", others, 1);
    let (pack, remarks) = loaded(&files);
    assert_eq!(remarks, []);
    let step = &pack.workflows[&WorkflowName::new("booking").unwrap()].steps[1];
    assert!(step.each.is_some());
    let target = "with: { record: =item, set";
    let text = files.get_mut(BOOKING).unwrap();
    *text = text.replace(target, "with: { set");
    let mistakes = refused(&files);
    let codes: Vec<_> = mistakes.iter().map(|mistake| mistake.code).collect();
    assert!(codes.contains(&"MissingKey"), "{codes:?}");
}

/// What cannot be done for each element: what it says, what it says instead.
const MISTAKES: &[(&str, &str)] = &[
    (
        CONFIRM,
        "    each: event.data.phones\n    with: { to: =item, body: x }\n",
    ),
    (
        CONFIRM,
        "    each: =record.starts_at\n    with: { to: \"+12125550100\", body: x }\n",
    ),
    (
        CONFIRM,
        "    each: [a, b]\n    with: { to: =item, body: x }\n",
    ),
    (
        CONFIRM,
        "    each: { find: { type: patient, index: by_name }, batch: 10, max: 100 }\n    with: { to: =item, body: x }\n",
    ),
    (
        CONFIRM,
        "    each: =event.data.phones\n    with: { to: =item.phone, body: x }\n",
    ),
    (
        CONFIRM,
        "    each: =event.data.phones\n    if: item != null\n    with: { to: =item, body: x }\n",
    ),
    (CONFIRM, "    with: { to: =item, body: x }\n"),
    (
        CONFIRM,
        "    each: =event.data.phones\n    batch: { window: 1m, max: 10 }\n    with: { to: =item, body: x }\n",
    ),
    (
        CONFIRM,
        "    each: =event.data.phones\n    compensate: { uses: send-sms, via: sms, with: { to: \"+12125550100\", body: x } }\n    with: { to: =item, body: x }\n",
    ),
    (
        "with: { status: booked }, refused: stop }",
        "each: =event.data.phones, with: { status: booked }, refused: stop }",
    ),
    (
        "refused: stop }",
        "refused: stop, compensate: { uses: send-sms, via: sms, with: { to: \"+12125550100\", body: x } } }\n  - { id: more, uses: send-sms, via: sms, each: =event.data.phones, with: { to: =item, body: x } }",
    ),
    (
        "[ { uses: send-email,",
        "[ { each: =event.data.phones, uses: send-email,",
    ),
];

#[test]
fn what_cannot_be_done_for_each_element() {
    let mut text = String::new();
    for (old, new) in MISTAKES {
        text.push_str("──── ");
        text.push_str(new.trim().lines().next().unwrap_or(""));
        text.push('\n');
        text.push_str(&rendered(&refused(&confirming(old, new))));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_schema_of_a_workflow_knows_the_key() {
    let schema = super::super::schema();
    let step = &schema["workflow"]["properties"]["steps"]["items"]["properties"];
    assert!(step["each"]["anyOf"].is_array(), "{step}");
    assert!(step["compensate"]["properties"].get("each").is_none());
}
