//! The sentences that every step must pass, on scripted steps of each kind of effect.

use holdfast_tests::world::{
    Case, KeyedEffect, RawEffect, compiled, succeeds_when_delivered_twice,
    survives_a_crash_at_every_port_call,
};

const KEYED: &str = "- { id: first, uses: keyed-effect, with: { to: a } }\n\
                     - { id: second, uses: keyed-effect, with: { to: b } }";

#[test]
fn a_step_whose_receiver_honours_keys_passes() {
    let case = Case::new(&compiled(KEYED), KeyedEffect::new);
    succeeds_when_delivered_twice(&case);
    survives_a_crash_at_every_port_call(&case);
}

#[test]
fn a_step_that_may_act_once_only_passes() {
    let case = Case::new(&compiled(&KEYED.replace("keyed", "raw")), RawEffect::new);
    succeeds_when_delivered_twice(&case);
    survives_a_crash_at_every_port_call(&case);
}

#[test]
fn a_step_under_a_once_key_passes() {
    let once = KEYED.replace("with: { to: a }", "once: event.id, with: { to: a }");
    let case = Case::new(&compiled(&once), KeyedEffect::new);
    succeeds_when_delivered_twice(&case);
    survives_a_crash_at_every_port_call(&case);
}

#[test]
fn a_step_with_a_fallback_passes() {
    let fallback = "fallback: [ { uses: raw-effect, with: { to: b } } ]";
    let chain = KEYED.replace("with: { to: a }", &format!("with: {{ to: a }}, {fallback}"));
    let case = Case::new(&compiled(&chain), KeyedEffect::new);
    succeeds_when_delivered_twice(&case);
    survives_a_crash_at_every_port_call(&case);
}
