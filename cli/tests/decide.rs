//! What a person decides, and what is refused.

#[cfg(test)]
mod support;

use serde_json::{Value as Json, json};
use support::{
    FORM, Serving, code, command, err, event, holdfast, json as read, lead, leads, out, until,
};

#[cfg(test)]
fn waiting(serving: &Serving, kind: &str) -> String {
    until(|| {
        let list = read(&serving.on(&["--json", "review", "list", "--kind", kind]));
        Some(list[0]["id"].as_str()?.to_owned())
    })
}

/// The body of the sample booking without a time.
#[cfg(test)]
fn without_time() -> Json {
    let file = std::fs::read_to_string(event("without-time")).unwrap();
    let file: Json = serde_json::from_str(&file).unwrap();
    serde_json::from_str(file["body"].as_str().unwrap()).unwrap()
}

/// The same with a time.
#[cfg(test)]
fn corrected() -> String {
    let mut body = without_time();
    body["payload"]["scheduled_event"]["start_time"] = json!("2027-01-14T15:30:00Z");
    body.to_string()
}

#[test]
fn invalid_input_is_edited_by_one_person_and_booked() {
    let serving = Serving::start();
    let sent = read(&serving.send("without-time"));
    let id = waiting(&serving, "invalid-input");
    let short = &id[..10];
    let printed = serving.on(&["review", "edit", short, "--print"]);
    let printed: Json = serde_json::from_str(&out(&printed)).unwrap();
    assert_eq!(printed, without_time(), "it is printed as it is edited");
    let wrong = serving.fed(
        &["review", "edit", short, "--body", "-", "--as", "ada"],
        &without_time().to_string(),
    );
    assert_eq!(code(&wrong), 1, "{}", out(&wrong));
    assert!(
        out(&wrong).contains("it stays open"),
        "{}{}",
        out(&wrong),
        err(&wrong)
    );
    let edit = [
        "review",
        "edit",
        short,
        "--body",
        "-",
        "--as",
        "ada",
        "--reason",
        "she called",
    ];
    let edited = serving.fed(&edit, &corrected());
    assert_eq!(code(&edited), 0, "{}", err(&edited));
    let event = sent["body"]["event"].as_str().unwrap();
    assert!(out(&edited).contains(event), "{}", out(&edited));
    let body = without_time();
    serving.until_appointment(body["payload"]["uri"].as_str().unwrap(), "prepared");
    let shown = out(&serving.on(&["review", "show", short]));
    assert!(shown.contains("was edited by ada: she called"), "{shown}");
    let second = serving.fed(
        &["review", "edit", short, "--body", "-", "--as", "bob"],
        "{}",
    );
    assert_eq!(code(&second), 1);
    assert!(
        err(&second).contains("ada decided `edit`"),
        "{}",
        err(&second)
    );
    let list = serving.on(&["review", "list"]);
    assert_eq!(out(&list).trim(), "nothing waits for anyone");
}

#[test]
fn input_is_edited_and_workflows_are_stopped_while_nobody_serves() {
    let serving = Serving::start();
    serving.send("without-time");
    let id = waiting(&serving, "invalid-input");
    let data = serving.stop();
    let folder = data.path().display().to_string();
    let file = data.path().join("corrected.json");
    std::fs::write(&file, corrected()).unwrap();
    let file = file.display().to_string();
    let on = |arguments: &[&str]| holdfast(&[arguments, &["--data", &folder]].concat());
    let edited = on(&[
        "--json", "review", "edit", &id, "--body", &file, "--as", "ada",
    ]);
    assert_eq!(code(&edited), 0, "{}", err(&edited));
    assert_eq!(read(&edited)["waits"], true);
    let stopped = on(&[
        "stop",
        "emr-prefill",
        "--reason",
        "the EMR moves",
        "--as",
        "ada",
    ]);
    assert_eq!(code(&stopped), 0, "{}", err(&stopped));
    let held = read(&on(&["--json", "status"]))["held"][0].clone();
    assert_eq!(
        (&held["state"], &held["by"]),
        (&json!("stopped"), &json!("ada"))
    );
    let serving = Serving::on_folder(data, &["--dev", &support::dental()]);
    let body = without_time();
    let uri = body["payload"]["uri"].as_str().unwrap();
    serving.until_appointment(uri, "verified");
}

#[tokio::test]
async fn an_unknown_effect_is_repeated_only_by_whoever_says_that_it_may_happen_twice() {
    let serving = Serving::with(&["--dev", "--fault", "sms=drop-answer", &leads()]);
    let body = lead("greeted", "e1", "rosa.martin@example.com", "Rosa Martin");
    serving.post_signed(FORM, &body).await;
    let id = waiting(&serving, "unknown-outcome");
    let refused = serving.fed(&["review", "retry", &id], "");
    assert_eq!(code(&refused), 1);
    assert!(err(&refused).contains("twice"), "{}", err(&refused));
    assert_eq!(
        code(&serving.on(&["review", "claim", &id, "--as", "ann"])),
        0
    );
    let taken = serving.on(&["review", "done", &id, "--as", "bob", "--reason", "x"]);
    assert_eq!(code(&taken), 1);
    assert!(
        err(&taken).contains("ann took it") && err(&taken).contains("--take-over"),
        "{}",
        err(&taken)
    );
    let wrong = serving.on(&["review", "approve", &id, "--as", "ann"]);
    assert_eq!(code(&wrong), 1);
    assert!(err(&wrong).contains("unknown-outcome"), "{}", err(&wrong));
    let done = [
        "--json",
        "review",
        "done",
        &id,
        "--as",
        "ann",
        "--reason",
        "she has it",
    ];
    let told = read(&serving.on(&done));
    assert_eq!(
        (&told["choice"], &told["steps"]),
        (&json!("done"), &json!(["finish.1"]))
    );
    until(|| {
        let trace = serving.on(&["--json", "trace", "lead/rosa.martin@example.com"]);
        (read(&trace)["record"]["status"] == "done").then_some(())
    });
}

#[tokio::test]
async fn personal_values_are_shown_only_to_whoever_asks() {
    let serving = Serving::with(&["--dev", &leads()]);
    let body =
        json!({ "event": "sent", "id": "e1", "email": "rosa at example", "name": "Rosa Martin" });
    serving.post_signed(FORM, &body.to_string()).await;
    let id = waiting(&serving, "invalid-input");
    for arguments in [
        &["review", "show", &id][..],
        &["--json", "review", "show", &id],
        &["review", "list"],
        &["status"],
    ] {
        let shown = out(&serving.on(arguments));
        assert!(
            !shown.contains("Rosa") && !shown.contains("rosa"),
            "{shown}"
        );
    }
    let open = out(&serving.on(&["review", "show", &id, "--show-pii"]));
    assert!(open.contains("Rosa Martin"), "{open}");
}

#[tokio::test]
async fn an_id_is_found_by_its_beginning_if_that_is_one_items() {
    let serving = Serving::with(&["--dev", &leads()]);
    for number in 0..40 {
        let id = format!("e{number}");
        serving
            .post_signed(FORM, &lead("sent", &id, "nobody", "N"))
            .await;
    }
    let list = read(&serving.on(&["--json", "review", "list"]));
    let ids: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 40);
    // Among forty ids, two begin with the same of 32 characters.
    let shared = ids.iter().find_map(|id| {
        let same = ids.iter().filter(|other| other[..1] == id[..1]);
        (same.count() > 1).then_some(&id[..1])
    });
    let ambiguous = serving.on(&["review", "show", shared.unwrap()]);
    assert_eq!(code(&ambiguous), 1);
    let named = ids
        .iter()
        .filter(|id| err(&ambiguous).contains(*id))
        .count();
    assert!(named > 1, "{}", err(&ambiguous));
    assert_eq!(code(&serving.on(&["review", "show", ids[0]])), 0);
    let unknown = serving.on(&["--json", "errors", "ack", "zzzz"]);
    assert_eq!(code(&unknown), 1);
    let error: Json = serde_json::from_str(&err(&unknown)).unwrap();
    assert_eq!(error["error"]["code"], "UnknownItem");
}

#[test]
fn what_cannot_be_done_says_why_by_its_exit_code() {
    for arguments in [
        &["errors", "list"][..],
        &["review", "approve", "x"],
        &["redrive"],
        &["stop", "intake", "--reason", "x"],
        &[
            "rerun",
            "t/lead/1/intake/abcdefghijklmnopqrstuvwxyz",
            "--from",
            "a",
            "--reason",
            "x",
        ],
    ] {
        let output = holdfast(&[arguments, &["--data", "/nowhere"]].concat());
        assert_eq!(code(&output), 3, "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains("--data"), "{}", err(&output));
    }
    for arguments in [
        &["rerun", "not-a-reference", "--from", "a", "--reason", "x"][..],
        &["redrive", "--rate", "fast"],
        &["redrive", "--since", "yesterday"],
        &["review", "done", "x"],
        &["review", "done", "x", "--reason", "y", "--output", "{"],
        &["stop", "intake"],
        &["errors", "list", "--severity", "P4"],
    ] {
        assert_eq!(code(&holdfast(arguments)), 2, "{arguments:?}");
    }
}

#[test]
fn who_may_not_read_the_folder_is_told_so() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let data = Serving::with(&["--dev", &leads()]).stop();
    let closed = |mode| std::fs::set_permissions(data.path(), PermissionsExt::from_mode(mode));
    let folder = data.path().display().to_string();
    let mut list = command(&["errors", "list", "--data", &folder]);
    // Nothing is closed to the superuser.
    if rustix::process::getuid().is_root() {
        closed(0o700).unwrap();
        list.uid(65534).gid(65534);
    } else {
        closed(0o000).unwrap();
    }
    let output = list.output().unwrap();
    closed(0o700).unwrap();
    assert_eq!(code(&output), 3, "{}", err(&output));
    assert!(err(&output).contains("may not read"), "{}", err(&output));
}

#[test]
fn a_process_that_is_talked_to_slowly_still_answers_others() {
    let serving = Serving::with(&["--dev", &leads()]);
    let socket = serving.data.path().join("control.sock");
    let silent = || std::os::unix::net::UnixStream::connect(&socket).unwrap();
    let silent: Vec<_> = (0..12).map(|_| silent()).collect();
    let status = read(&serving.on(&["--json", "status"]));
    assert_eq!(status["process"]["state"], "serving");
    drop(silent);
}

#[test]
fn a_process_that_answers_something_else_is_not_taken_for_none() {
    use std::io::{BufRead, BufReader, Write};
    let data = Serving::with(&["--dev", &leads()]).stop();
    let folder = data.path().display().to_string();
    let status = read(&holdfast(&["--json", "status", "--data", &folder]));
    assert_eq!(status["process"]["state"], "none");
    let socket = std::os::unix::net::UnixListener::bind(data.path().join("control.sock")).unwrap();
    let status = std::thread::scope(|scope| {
        scope.spawn(|| {
            let (stream, _) = socket.accept().unwrap();
            let mut asked = String::new();
            BufReader::new(&stream).read_line(&mut asked).unwrap();
            (&stream).write_all(b"hello\n").unwrap();
        });
        read(&holdfast(&["--json", "status", "--data", &folder]))
    });
    assert_eq!(status["process"]["state"], "no-answer");
    assert_eq!(status["process"]["code"], "ControlVersion");
    assert_eq!(status["serving"], false);
}
