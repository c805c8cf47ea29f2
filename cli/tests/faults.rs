//! `serve --dev --fault` and `holdfast fault`, as they are used.

#[cfg(test)]
mod support;

use support::{Serving, code, dental, err, holdfast, json, until};

#[test]
fn what_is_no_fault_is_refused_with_what_would_be() {
    let serve = |fault: &str| holdfast(&["serve", "--dev", "--fault", fault, &dental()]);
    let kind = serve("sms=500");
    assert_eq!(code(&kind), 2);
    assert!(err(&kind).contains("`drop-answer`"), "{}", err(&kind));
    let outside = holdfast(&["serve", "--tenant", "a", "--fault", "sms=429", &dental()]);
    assert_eq!(code(&outside), 2);
    assert!(err(&outside).contains("--dev"), "{}", err(&outside));
}

#[test]
fn a_fault_of_no_connection_keeps_serve_from_starting() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().display().to_string();
    let dental = dental();
    let output = holdfast(&[
        "serve",
        "--dev",
        "--listen",
        "127.0.0.1:0",
        "--data",
        &folder,
        "--fault",
        "smss=429",
        &dental,
    ]);
    assert_eq!(code(&output), 1);
    let text = err(&output);
    assert!(
        text.contains("`smss`") && text.contains("insurance, "),
        "{text}"
    );
}

#[tokio::test]
async fn faults_strike_are_counted_and_can_be_cleared_while_it_serves() {
    let serving = Serving::with(&[
        "--dev",
        "--fault",
        "sms=429",
        "--fault-seed",
        "7",
        &dental(),
    ]);
    let list = || json(&serving.on(&["--json", "fault", "list"]));
    let expected = serde_json::json!({ "seed": 7, "faults": ["sms=429"], "struck": 0 });
    assert_eq!(list(), expected);
    assert_eq!(code(&serving.send("booking")), 0);
    until(|| (list()["struck"] == 1).then_some(()));
    let texts = serving.deliveries().await;
    assert!(texts.iter().all(|delivery| delivery["connection"] != "sms"));
    let set = serving.on(&["fault", "set", "emr=503:0.5"]);
    assert_eq!(code(&set), 0, "{}", err(&set));
    assert_eq!(list()["faults"], serde_json::json!(["emr=503:0.5"]));
    let unknown = serving.on(&["fault", "set", "nobody=503"]);
    assert_eq!(code(&unknown), 1);
    assert!(err(&unknown).contains("`nobody`"), "{}", err(&unknown));
    let cleared = json(&serving.on(&["--json", "fault", "clear"]));
    assert_eq!(cleared["faults"], serde_json::json!([]));
}
