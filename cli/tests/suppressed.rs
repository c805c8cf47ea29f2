//! The list of who is not written to, changed by hand: beside a process that serves, and alone.

#[cfg(test)]
mod support;

use std::fs;

use support::{Serving, code, err, holdfast, json, out};

const REPLIES: &str = "\
source: replies
verify: { scheme: standard-webhooks, secret: replies-key }
event: \"'sms.received'\"
id: body.id
opt_out: { channel: sms, address: body.from, stop: body.text == 'STOP', start: body.text == 'START' }
";

const ADA: [&str; 4] = ["--reason", "asked on the phone", "--as", "ada"];

#[test]
fn a_person_is_put_on_the_list_beside_a_server_and_taken_off_it_alone() {
    let pack = tempfile::tempdir().unwrap();
    fs::write(pack.path().join("pack.yaml"), "pack: shop\n").unwrap();
    fs::write(pack.path().join("replies.source.yaml"), REPLIES).unwrap();
    let serving = Serving::with(&["--dev", &pack.path().display().to_string()]);
    let add = [
        &["--json", "suppressed", "add", "+1 202-555-0142"][..],
        &ADA,
    ]
    .concat();
    let added = json(&serving.on(&add));
    assert_eq!(
        (&added["suppressed"], &added["changed"]),
        (&true.into(), &true.into())
    );
    assert_eq!(
        (&added["address"], &added["by"]),
        (&"+12025550142".into(), &"ada".into())
    );
    let again = json(&serving.on(&add));
    assert_eq!(
        (&again["changed"], &again["at"]),
        (&false.into(), &added["at"])
    );
    let mail = [&["suppressed", "add", "ann@example.com"][..], &ADA].concat();
    let refused = serving.on(&mail);
    assert_eq!(code(&refused), 1);
    assert!(
        err(&refused).contains("no source has an `opt_out` for email"),
        "{}",
        err(&refused)
    );
    let folder = serving.stop();
    let data = folder.path().display().to_string();
    let at = ["--data", &data];
    let remove = [&["suppressed", "remove", "+12025550142"][..], &ADA, &at].concat();
    let removed = out(&holdfast(&remove));
    assert!(removed.contains("opted in to sms again"), "{removed}");
    let shown = out(&holdfast(
        &[&["suppressed", "+12025550142"][..], &at].concat(),
    ));
    for line in ["put on the list by ada: asked", "taken off the list by ada"] {
        assert!(shown.contains(line), "{shown}");
    }
    let listed = out(&holdfast(&[&["suppressed"][..], &at].concat()));
    assert!(listed.contains("opted in"), "{listed}");
}
