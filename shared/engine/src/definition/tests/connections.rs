//! What connections say of their receivers.

use std::time::Duration;

use super::super::model::{Auth, Batch, Credentials, Treatment};
use super::*;
use crate::name::{ConnectionName, WorkflowName};

const PAYER: &str = "payer.connection.yaml";
const KIND: &str = "kind: http";
const INSURANCE: &str = "insurance-verification.workflow.yaml";

#[test]
fn statuses_mean_what_their_connection_says() {
    let files = edited(
        PAYER,
        KIND,
        "kind: http\ntreat: { 409: success, 404: permanent, 503: transient, 422: review }",
    );
    let (pack, remarks) = loaded(&files);
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let treat = &pack.connections[&ConnectionName::new("payer").unwrap()].treat;
    let read: Vec<_> = treat
        .iter()
        .map(|(status, means)| (*status, *means))
        .collect();
    let expected = [
        (404, Treatment::Permanent),
        (409, Treatment::Success),
        (422, Treatment::Review),
        (503, Treatment::Transient),
    ];
    assert_eq!(read, expected);
}

#[test]
fn a_connection_and_a_step_say_how_often_they_call() {
    let mut files = edited(PAYER, KIND, "kind: http\nrate: 8/s");
    let text = files[INSURANCE].replace("timeout: 5s", "rate: 100/m");
    files.insert(INSURANCE.to_owned(), text);
    let (pack, remarks) = loaded(&files);
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let payer = &pack.connections[&ConnectionName::new("payer").unwrap()];
    assert_eq!(payer.rate, "8/s".parse().ok());
    let name = WorkflowName::new("insurance-verification").unwrap();
    let step = &pack.workflows[&name].steps[0];
    assert_eq!(step.rate, "100/m".parse().ok());
}

#[test]
fn a_step_may_call_once_for_many() {
    let batch = "batch: { window: 60s, max: 1000 }";
    let (pack, remarks) = loaded(&edited(INSURANCE, "timeout: 5s", batch));
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let name = WorkflowName::new("insurance-verification").unwrap();
    let (window, max) = (Duration::from_mins(1), 1000);
    let step = &pack.workflows[&name].steps[0];
    assert_eq!(step.batch, Some(Batch { window, max }));
}

/// A connection whose calls have a token from this client.
fn client(oauth2: &str) -> String {
    format!("auth:\n  oauth2: {{ {oauth2} }}")
}

const CLIENT: &str = "token_url: https://login.example/token, client_id: clinic, secret: payer-key";

#[test]
fn a_connection_fetches_its_tokens() {
    let more = format!("{CLIENT}, refresh: payer-refresh, scopes: [a, b], credentials: body");
    for (said, scopes) in [
        (&more, vec!["a", "b"]),
        (&CLIENT.replace("clinic", "=tenant"), vec![]),
    ] {
        let (pack, remarks) = loaded(&edited(PAYER, "auth: { bearer: payer-key }", &client(said)));
        assert!(remarks.is_empty(), "{}", rendered(&remarks));
        let payer = &pack.connections[&ConnectionName::new("payer").unwrap()];
        let Some(Auth::OAuth2(client)) = &payer.auth else {
            panic!("{payer:?}");
        };
        assert_eq!(client.scopes, scopes);
        assert_eq!(client.refresh.is_some(), *said == more);
        assert_eq!(client.credentials == Credentials::Body, *said == more);
        let names: Vec<_> = pack
            .secret_names()
            .filter(|name| name.starts_with("payer-"))
            .collect();
        let expected = ["payer-key", "payer-refresh"];
        assert_eq!(names, expected[..=usize::from(*said == more)]);
    }
}

#[test]
fn mistakes_about_tokens() {
    let auth = "auth: { bearer: payer-key }";
    let sms = "auth: { basic: { user: AC123, secret: twilio-token } }";
    let shown = gallery(&[
        (
            PAYER,
            auth,
            &client("token_url: https://login.example/token, client: clinic"),
        ),
        (PAYER, auth, &client(&CLIENT.replace("https:", "http:"))),
        (PAYER, auth, &client(&CLIENT.replace("https://", ""))),
        (
            PAYER,
            auth,
            &client(&format!("{CLIENT}, credentials: form")),
        ),
        (
            PAYER,
            auth,
            &client(&format!("{CLIENT}, scopes: {{ a: b }}")),
        ),
        (
            PAYER,
            auth,
            &format!("auth:\n  bearer: payer-key\n  oauth2: {{ {CLIENT} }}"),
        ),
        (
            PAYER,
            auth,
            &client(&CLIENT.replace("clinic", "=config.nothing")),
        ),
        ("sms.connection.yaml", sms, &client(CLIENT)),
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn a_token_url_inside_the_network_may_be_plain() {
    let said = format!(
        "private: true\n{}",
        client(&CLIENT.replace("https:", "http:"))
    );
    loaded(&edited(PAYER, "auth: { bearer: payer-key }", &said));
}

/// The insurance's question as one that only reads, with these pages.
fn paged(pages: &str, more: &str) -> Files {
    let mut files = edited(INSURANCE, "timeout: 5s", pages);
    let text = files.get_mut(INSURANCE).unwrap();
    let start = text.find("with: {").unwrap();
    let end = start + text[start..].find('\n').unwrap();
    text.replace_range(start..end, &format!("with: {{ path: /plans{more} }}"));
    files
}

const PAGES: &str =
    "pages: { items: response.body.plans, next: response.body.next, into: plans, max: 20 }";

#[test]
fn a_step_may_read_page_by_page() {
    for more in ["", ", method: get", ", method: HEAD"] {
        let (pack, remarks) = loaded(&paged(PAGES, more));
        assert!(remarks.is_empty(), "{}", rendered(&remarks));
        let name = WorkflowName::new("insurance-verification").unwrap();
        let pages = pack.workflows[&name].steps[0].pages.as_ref().unwrap();
        assert_eq!((pages.into.as_str(), pages.max), ("plans", 20));
    }
    let parameters = PAGES.replace("response.body.next", "\"{'after': response.body.next}\"");
    loaded(&paged(&parameters, ""));
}

#[test]
fn mistakes_about_pages() {
    let said = |files: &Files| rendered(&refused(files));
    let with = |old: &str, new: &str| said(&paged(&PAGES.replace(old, new), ""));
    let booking = |new: &str| said(&edited("booking.workflow.yaml", "async: true", new));
    let shown = [
        said(&paged(PAGES, ", method: POST")),
        said(&paged(PAGES, ", method: =record.status")),
        said(&paged(PAGES, ", json: { a: 1 }")),
        said(&paged(
            &format!("{PAGES}\n    batch: {{ window: 60s, max: 10 }}"),
            "",
        )),
        booking(PAGES),
        said(&paged("pages: { next: response.body.next, max: 20 }", "")),
        with("max: 20", "max: 1"),
        with("max: 20", "max: 101"),
        with("into: plans", "into: body"),
        with("into: plans", "into: all-plans"),
        with("response.body.next", "1 + 1"),
        with("response.body.next", "respons.body.next"),
        with("response.body.plans", "response.status"),
    ];
    insta::assert_snapshot!(shown.concat());
}

#[test]
fn mistakes_about_batches() {
    let booking = "booking.workflow.yaml";
    let shown = gallery(&[
        (INSURANCE, "timeout: 5s", "batch: 60s"),
        (INSURANCE, "timeout: 5s", "batch: { window: 60s }"),
        (INSURANCE, "timeout: 5s", "batch: { window: 3d, max: 1 }"),
        (
            INSURANCE,
            "timeout: 5s",
            "batch: { window: 60s, max: 10 }\n    once: record.id",
        ),
        (booking, "async: true", "batch: { window: 60s, max: 10 }"),
        (
            booking,
            "uses: send-email",
            "batch: { window: 60s, max: 10 }, uses: send-email",
        ),
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn mistakes_about_statuses() {
    let shown = gallery(&[
        (PAYER, KIND, "kind: http\ntreat: { 409: sucess }"),
        (PAYER, KIND, "kind: http\ntreat: { 409: retry }"),
        (
            PAYER,
            KIND,
            "kind: http\ntreat: { 4xx: permanent, 600: review }",
        ),
        (PAYER, KIND, "kind: http\ntreat: { 409: }"),
        (PAYER, KIND, "kind: http\ntreat: success"),
        (
            "sms.connection.yaml",
            "kind: twilio",
            "kind: twilio\ntreat: { 400: permanent }",
        ),
    ]);
    insta::assert_snapshot!(shown);
}
