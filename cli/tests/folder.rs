//! What people do to a data folder while a process serves it, and when none does.

#[cfg(test)]
mod support;

use support::{Serving, URI, code, dental, err, holdfast, json, out};

#[test]
fn a_second_process_on_one_folder_refuses_and_names_the_lock() {
    let serving = Serving::start();
    let folder = serving.folder();
    let second = holdfast(&[
        "serve",
        "--dev",
        "--listen",
        "127.0.0.1:0",
        "--data",
        &folder,
        &dental(),
    ]);
    assert_eq!(code(&second), 3);
    let message = err(&second);
    assert!(message.contains(&format!("{folder}/lock")), "{message}");
    assert!(message.contains("process "), "{message}");
}

#[test]
fn a_missing_secret_is_named_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let serve = holdfast(&[
        "serve",
        "--tenant",
        "north",
        "--listen",
        "127.0.0.1:0",
        "--public-url",
        "https://hooks.example.com",
        "--data",
        &data,
        &dental(),
    ]);
    assert_eq!(code(&serve), 1);
    let message = err(&serve);
    assert!(
        message.contains("HOLDFAST_SECRET_CALENDLY_SIGNING_KEY"),
        "{message}"
    );
    assert!(
        message.contains("HOLDFAST_SECRET_NORTH__CALENDLY_SIGNING_KEY"),
        "{message}"
    );
}

#[test]
fn a_taken_port_and_a_missing_tenant_say_what_to_do() {
    let serving = Serving::start();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let address = serving.url.trim_start_matches("http://");
    let taken = holdfast(&[
        "serve",
        "--dev",
        "--listen",
        address,
        "--data",
        &data,
        &dental(),
    ]);
    assert_eq!(code(&taken), 3);
    assert!(err(&taken).contains("--listen"), "{}", err(&taken));
    let nobody = holdfast(&["serve", &dental()]);
    assert_eq!(code(&nobody), 2);
    assert!(err(&nobody).contains("--tenant"), "{}", err(&nobody));
}

#[test]
fn a_setting_is_set_through_the_process_that_serves_and_seen_at_once() {
    let serving = Serving::start();
    let set = [
        "--json",
        "config",
        "set",
        "dental",
        "practice_name",
        "Seaside Dental",
        "--as",
        "ada",
    ];
    let change = json(&serving.on(&set));
    assert_eq!(
        (change["version"].as_u64(), change["by"].as_str()),
        (Some(1), Some("ada"))
    );
    serving.send("booking");
    serving.until_appointment(URI, "prepared");
    serving.until_settled();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let deliveries = runtime.block_on(serving.deliveries());
    let sms = deliveries
        .iter()
        .find(|delivery| delivery["kind"] == "sms")
        .unwrap();
    assert!(
        sms["payload"]["body"]
            .as_str()
            .unwrap()
            .contains("Seaside Dental"),
        "{sms}"
    );
}

#[test]
fn a_setting_that_is_none_is_refused_and_says_why() {
    let serving = Serving::start();
    let refused = |arguments: &[&str]| {
        let output = serving.on(arguments);
        assert_eq!(code(&output), 1);
        err(&output)
    };
    let unknown = refused(&["config", "set", "dental", "colour", "red"]);
    assert!(unknown.contains("`practice_name`"), "{unknown}");
    let wrong = refused(&["config", "set", "dental", "practice_phone", "not a phone"]);
    assert!(wrong.contains("practice_phone"), "{wrong}");
    let nobody = refused(&["config", "set", "vet", "tz", "UTC"]);
    assert!(nobody.contains("`dental`"), "{nobody}");
}

#[test]
fn a_setting_is_set_without_a_process_and_its_history_is_kept() {
    let serving = Serving::start();
    let data = tempfile::tempdir().unwrap();
    let folder = serving.folder();
    assert!(code(&serving.on(&["config", "set", "dental", "tz", "Europe/Paris"])) == 0);
    // The folder outlives the process that served it.
    let kept = data.path().join("kept");
    let copied = std::process::Command::new("cp")
        .args(["-r", &folder])
        .arg(&kept)
        .status();
    assert!(copied.unwrap().success());
    let kept = kept.display().to_string();
    let set = holdfast(&[
        "config", "set", "dental", "tz", "UTC", "--as", "bob", "--data", &kept,
    ]);
    assert_eq!(code(&set), 0, "{}", err(&set));
    let listed = out(&holdfast(&["config", "list", "dental", "--data", &kept]));
    assert!(
        listed.contains("\"Europe/Paris\" → \"UTC\" (version 2, by bob"),
        "{listed}"
    );
}

#[test]
fn status_shows_queues_packs_and_what_needs_someone() {
    let serving = Serving::start();
    serving.send("without-time");
    let status = out(&serving.on(&["status"]));
    assert!(status.contains("a process serves this folder"), "{status}");
    assert!(status.contains("route-event"), "{status}");
    assert!(status.contains("demo: dental@"), "{status}");
    assert!(status.contains("1 review item, 0 errors"), "{status}");
    assert!(status.contains("holdfast review show "), "{status}");
    let folder = serving.folder();
    assert!(std::path::Path::new(&folder).join("control.sock").exists());
    let none = holdfast(&["status", "--data", "/nowhere"]);
    assert_eq!(code(&none), 3);
}

#[test]
fn a_process_that_is_asked_to_end_ends_well() {
    assert!(Serving::start().end());
}
