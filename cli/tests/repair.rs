//! What failed is found, understood and sent again.

#[cfg(test)]
mod support;

use serde_json::{Value as Json, json};
use support::{FILTERS, FORM, Serving, code, err, holdfast, json as read, lead, leads, out, until};

/// A process whose call to the CRM fails, with one lead that was sent.
#[cfg(test)]
async fn failing() -> Serving {
    let serving = Serving::with(&["--dev", "--fault", "crm=503", &leads()]);
    serving.post_signed(FORM, &rosa()).await;
    until_listed(&serving, 1);
    serving
}

#[cfg(test)]
fn rosa() -> String {
    lead("sent", "e1", "rosa.martin@example.com", "Rosa Martin")
}

#[cfg(test)]
fn until_listed(serving: &Serving, count: usize) -> Vec<Json> {
    until(|| {
        let listed = read(&serving.on(&["--json", "errors", "list"]));
        let listed = listed.as_array().unwrap();
        (listed.len() == count).then(|| listed.clone())
    })
}

#[cfg(test)]
fn calls(deliveries: &[Json]) -> Vec<&Json> {
    let to_crm = |delivery: &&Json| delivery["connection"] == "crm";
    deliveries.iter().filter(to_crm).collect()
}

#[tokio::test]
async fn a_failure_is_shown_redriven_and_gone() {
    let serving = failing().await;
    let filters = FILTERS.into_iter().chain(AGES);
    insta::with_settings!({ filters => filters.collect::<Vec<_>>() }, {
        insta::assert_snapshot!("errors_list", out(&serving.on(&["errors", "list"])));
        let id = until_listed(&serving, 1)[0]["id"].as_str().unwrap().to_owned();
        let ack = serving.on(&["errors", "ack", &id[..8], "--as", "ada"]);
        assert_eq!(code(&ack), 0, "{}", err(&ack));
        insta::assert_snapshot!("errors_show", out(&serving.on(&["errors", "show", &id[..8]])));
        let dry = serving.on(&["redrive", "--workflow", "intake", "--dry-run"]);
        insta::assert_snapshot!("redrive_dry_run", out(&dry));
    });
    assert!(calls(&serving.deliveries().await).is_empty());
    serving.on(&["fault", "clear"]);
    let redrive = [
        "--json",
        "redrive",
        "--error-type",
        "ReceiverFailed",
        "--as",
        "ada",
    ];
    let summary = read(&serving.on(&redrive));
    assert_eq!(
        (&summary["matched"], &summary["redriven"]),
        (&json!(1), &json!(1))
    );
    until_listed(&serving, 0);
    let empty = serving.on(&["errors", "list"]);
    assert_eq!(out(&empty).trim(), "no failure needs anyone");
    assert_eq!(calls(&serving.deliveries().await).len(), 1);
    let again = read(&serving.on(&redrive));
    assert_eq!(
        (&again["matched"], &again["redriven"]),
        (&json!(0), &json!(0))
    );
    let closed = read(&serving.on(&["--json", "errors", "list", "--all"]));
    assert_eq!(closed[0]["status"], "closed");
    assert_eq!(closed[0]["redriven_by"], "ada");
}

/// What differs from one run to the next in lists of failures.
#[cfg(test)]
const AGES: [(&str, &str); 6] = [
    (r"(?m)^[a-z0-9]{10} ", "[begin]    "),
    (r"\b(ack|redrive|done|resolve) [a-z0-9]{10}\b", "$1 [begin]"),
    (r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z", "[time]"),
    (r"in \d+[smhd]", "in [age]"),
    (r" +\d+[smhd] ago", " [age] ago"),
    (r"    \d+s  ", "    [age]"),
];

#[tokio::test]
async fn what_is_redriven_while_nobody_serves_waits_until_somebody_does() {
    let data = failing().await.stop();
    let folder = data.path().display().to_string();
    let redrive = holdfast(&["redrive", "--as", "ada", "--data", &folder]);
    assert_eq!(code(&redrive), 0, "{}", err(&redrive));
    assert!(out(&redrive).contains("redriven  1"), "{}", out(&redrive));
    assert!(
        err(&redrive).contains("waits until `holdfast serve`"),
        "{}",
        err(&redrive)
    );
    let second = read(&holdfast(&["--json", "redrive", "--data", &folder]));
    assert_eq!(second["matched"], 0);
    let serving = Serving::on_folder(data, &["--dev", &leads()]);
    until_listed(&serving, 0);
    assert_eq!(calls(&serving.deliveries().await).len(), 1);
}

#[tokio::test]
async fn a_failure_is_closed_with_a_reason_that_is_kept() {
    let serving = failing().await;
    let id = until_listed(&serving, 1)[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let without = serving.on(&["errors", "resolve", &id]);
    assert_eq!(code(&without), 2);
    assert!(err(&without).contains("--reason"), "{}", err(&without));
    let resolve = [
        "errors",
        "resolve",
        &id,
        "--reason",
        "told by phone",
        "--as",
        "ann",
    ];
    assert_eq!(code(&serving.on(&resolve)), 0);
    let shown = out(&serving.on(&["errors", "show", &id]));
    assert!(
        shown.contains("was resolved by ann: told by phone"),
        "{shown}"
    );
    let again = serving.on(&["errors", "resolve", &id, "--reason", "x", "--as", "bob"]);
    assert_eq!(code(&again), 1);
    assert!(
        err(&again).contains("ann decided `resolve`"),
        "{}",
        err(&again)
    );
    let gone = read(&serving.on(&["--json", "redrive", &id]));
    assert_eq!((&gone["redriven"], &gone["gone"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn an_execution_runs_anew_from_a_step_only_if_no_effect_is_repeated_unasked() {
    let serving = Serving::with(&["--dev", &leads()]);
    serving.post_signed(FORM, &rosa()).await;
    serving.until_settled();
    let trace = until(|| {
        let trace = serving.on(&["--json", "trace", "lead/rosa.martin@example.com"]);
        let trace: Json = serde_json::from_slice(&trace.stdout).ok()?;
        (trace["record"]["status"] == "done").then_some(trace)
    });
    let mut lines = trace["lines"].as_array().unwrap().iter();
    let execution = lines.find_map(|line| line["execution"].as_str()).unwrap();
    let rerun = [
        "--json",
        "rerun",
        execution,
        "--from",
        "tell",
        "--reason",
        "the CRM lost it",
    ];
    let refused = serving.on(&rerun);
    assert_eq!(code(&refused), 1);
    assert!(err(&refused).contains("--again"), "{}", err(&refused));
    let told = read(&serving.on(&[&rerun[..], &["--again"]].concat()));
    assert_eq!(
        (&told["generation"], &told["steps"]),
        (&json!(2), &json!(["tell.1"]))
    );
    let seen = [&rerun[..], &["--again", "--generation", "1"]].concat();
    let same = read(&serving.on(&seen));
    assert_eq!(same["generation"], 2, "said again, it makes no other");
    until(|| {
        let runtime = || serving.on(&["--json", "status"]);
        let status = read(&runtime());
        (status["queues"][0]["visible"] == 0).then_some(())
    });
    serving.until_settled();
    let unknown = serving.on(&["rerun", execution, "--from", "nothing", "--reason", "x"]);
    assert_eq!(code(&unknown), 1);
    assert!(
        err(&unknown).contains("no step `nothing`"),
        "{}",
        err(&unknown)
    );
}

#[tokio::test]
async fn a_stopped_workflow_holds_its_work_until_it_is_started() {
    let serving = Serving::with(&["--dev", &leads()]);
    let stop = ["stop", "intake", "--reason", "the CRM moves", "--as", "ada"];
    assert_eq!(code(&serving.on(&stop)), 0);
    let status = out(&serving.on(&["status"]));
    assert!(
        status.contains("stopped by ada") && status.contains("the CRM moves"),
        "{status}"
    );
    let twice = serving.on(&stop);
    assert_eq!(code(&twice), 1);
    assert!(err(&twice).contains("stopped by ada"), "{}", err(&twice));
    serving.post_signed(FORM, &rosa()).await;
    until(|| {
        let status = read(&serving.on(&["--json", "status"]));
        let queues = status["queues"].as_array().unwrap();
        queues
            .iter()
            .any(|queue| queue["delayed"] == 1)
            .then_some(())
    });
    assert!(calls(&serving.deliveries().await).is_empty());
    let start = ["start", "intake", "--reason", "it has moved", "--as", "bob"];
    assert_eq!(code(&serving.on(&start)), 0);
    let status = read(&serving.on(&["--json", "status"]));
    assert_eq!(status["held"], json!([]));
    let started = &status["started"][0];
    assert_eq!(
        (&started["state"], &started["by"]),
        (&json!("closed"), &json!("bob"))
    );
    let status = out(&serving.on(&["status"]));
    assert!(
        status.contains("started by bob") && status.contains("it has moved"),
        "{status}"
    );
    let nothing = serving.on(&["stop", "nothing", "--reason", "x"]);
    assert_eq!(code(&nothing), 1);
}

#[tokio::test]
async fn a_stopped_connection_holds_what_calls_through_it_until_it_is_started() {
    let serving = Serving::with(&["--dev", &leads()]);
    let stop = ["stop", "--connection", "crm", "--reason", "the CRM moves"];
    assert_eq!(code(&serving.on(&stop)), 0);
    let status = out(&serving.on(&["status"]));
    assert!(
        status.contains("connection leads/crm") && status.contains("start --connection crm"),
        "{status}"
    );
    serving.post_signed(FORM, &rosa()).await;
    until(|| {
        let status = read(&serving.on(&["--json", "status"]));
        let mut queues = status["queues"].as_array().unwrap().iter();
        queues.any(|queue| queue["delayed"] == 1).then_some(())
    });
    assert!(calls(&serving.deliveries().await).is_empty());
    let start = serving.on(&["start", "--connection", "crm"]);
    assert!(
        out(&start).contains("started connection"),
        "{}",
        err(&start)
    );
    let nothing = serving.on(&["start", "--connection", "nothing"]);
    assert_eq!(code(&nothing), 1);
    assert!(err(&nothing).contains("no connection"), "{}", err(&nothing));
    for wrong in [&["start"][..], &["start", "intake", "--connection", "crm"]] {
        assert_eq!(code(&serving.on(wrong)), 2);
    }
}

#[tokio::test]
async fn figures_say_how_soon_failures_are_answered() {
    let serving = failing().await;
    let none = Serving::with(&["--dev", &leads()]);
    let text = out(&none.on(&["errors", "stats"]));
    assert!(text.contains("nothing has failed"), "{text}");
    let stats = || read(&serving.on(&["--json", "errors", "stats"]));
    assert_eq!(stats()["total"]["to_human"]["of"], 0);
    let id = until_listed(&serving, 1)[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    serving.on(&["errors", "ack", &id]);
    let total = stats()["total"].clone();
    assert_eq!((&total["count"], &total["open"]), (&json!(1), &json!(1)));
    assert_eq!(total["to_human"]["of"], 1);
    let other = read(&serving.on(&["--json", "errors", "stats", "--tenant", "other"]));
    assert_eq!(other["total"]["count"], 0);
}
