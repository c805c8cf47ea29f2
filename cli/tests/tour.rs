//! What a newcomer sees: the demo, a trace, the sample pack's tests.

#[cfg(test)]
mod support;

use support::{FILTERS, Serving, URI, code, dental, err, holdfast, json, out};

/// A text without the asynchronous confirmation, whose place depends on who is faster.
fn without_confirmation(text: &str) -> String {
    let mut skipping = false;
    let keep = |line: &&str| {
        let belongs = skipping && line.starts_with("                        ");
        skipping = belongs || line.contains("booking · confirm");
        !skipping
    };
    let kept: Vec<&str> = text.lines().filter(keep).collect();
    kept.join("\n")
}

#[test]
fn the_demo_shows_how_a_booking_becomes_a_prepared_appointment() {
    let demo = holdfast(&["demo"]);
    assert_eq!(code(&demo), 0, "{}", err(&demo));
    let text = out(&demo);
    assert_eq!(
        text.matches("booking · confirm  send-sms via sms  succeeded")
            .count(),
        1,
        "{text}"
    );
    let (trace, deliveries) = text.split_once("\n4 the sandbox received").unwrap();
    assert_eq!(deliveries.matches("\n  sms ").count(), 1, "{text}");
    insta::with_settings!({ filters => FILTERS }, {
        insta::assert_snapshot!("demo", without_confirmation(trace));
    });
}

#[test]
fn a_record_is_found_by_its_key_its_other_keys_its_id_and_its_events() {
    let serving = Serving::start();
    let sent = json(&serving.send("booking"));
    let trace = serving.until_appointment(URI, "prepared");
    let of = trace["of"].as_str().unwrap();
    let event = sent["body"]["event"].as_str().unwrap();
    let id = of.rsplit('/').next().unwrap();
    let by_id = format!("appointment/{id}");
    let execution = trace["lines"].as_array().unwrap().iter();
    let execution = execution
        .filter_map(|line| line["execution"].as_str())
        .next()
        .unwrap();
    for subject in [of, event, &by_id, execution] {
        let found = json(&serving.on(&["--json", "trace", subject]));
        assert_eq!(found["of"], of, "{subject}");
    }
    let patient = |subject: &str| json(&serving.on(&["--json", "trace", subject]))["of"].clone();
    let by_email = patient("patient/rosa.martin@Example.COM");
    assert!(by_email.as_str().unwrap().starts_with("demo/patient/"));
    assert_eq!(by_email, patient("patient/+1 202-555-0173"));
    let unknown = serving.on(&["trace", "patient/nobody@example.com"]);
    assert_eq!(code(&unknown), 1);
}

#[test]
fn personal_fields_are_masked_unless_asked_for() {
    let serving = Serving::start();
    serving.send("booking");
    serving.until_appointment(URI, "prepared");
    let subject = "patient/rosa.martin@example.com";
    let masked = out(&serving.on(&["trace", subject]));
    assert!(
        masked.contains("email ***") && masked.contains("created   by source `calendly`"),
        "{masked}"
    );
    assert!(
        !masked.contains("rosa.martin@") && !masked.contains("2025550173"),
        "{masked}"
    );
    let open = out(&serving.on(&["trace", subject, "--show-pii"]));
    assert!(open.contains("rosa.martin@example.com"), "{open}");
}

#[test]
fn the_sample_pack_checks_and_its_tests_pass() {
    let check = holdfast(&["check", &dental()]);
    assert_eq!(code(&check), 0, "{}", out(&check));
    assert!(out(&check).contains("5 workflows"), "{}", out(&check));
    let test = holdfast(&["--json", "test", &dental()]);
    assert_eq!(code(&test), 0, "{}", out(&test));
    assert_eq!(json(&test)["passed"], 5);
}

#[test]
fn schemas_are_printed_by_kind() {
    let schema = json(&holdfast(&["--json", "schema", "workflow"]));
    assert!(schema["properties"]["steps"].is_object());
    let unknown = holdfast(&["schema", "node"]);
    assert_eq!(code(&unknown), 2);
    assert!(err(&unknown).contains("workflow"), "{}", err(&unknown));
}
