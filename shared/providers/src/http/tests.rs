//! The adapter against servers on loopback.

use std::time::Duration;

use holdfast_engine::definition::model::{Auth, ConnectionKind, Treatment};
use serde_json::{Value as Json, json};

use super::*;
use crate::testing::{
    Fixture, Keys, SECRET, Server, client, closed, code, is_maybe, is_not_sent, keys, raw, response,
};

fn fixture(url: &str) -> Fixture {
    Fixture::new(ConnectionKind::Http, url)
}

fn http() -> ReqwestHttp<Keys> {
    ReqwestHttp::new(client(), keys())
}

fn request(method: &str, path: &str) -> HttpRequest {
    HttpRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
    }
}

async fn get(fixture: &Fixture) -> Result<HttpResponse, CallError> {
    http().send(&fixture.call(), request("GET", "/x")).await
}

async fn post(fixture: &Fixture) -> Result<HttpResponse, CallError> {
    http().send(&fixture.call(), request("POST", "/x")).await
}

#[tokio::test]
async fn a_request_arrives_as_it_was_built() {
    let server = Server::answering(201, &[("X-Id", "7")], "{\"ok\":true}").await;
    let fixture = fixture(&format!("{}/api", server.url));
    let sent = HttpRequest {
        method: "PUT".to_owned(),
        path: "/v1/a%2Fb".to_owned(),
        query: vec![("q".to_owned(), "1 2".to_owned())],
        headers: vec![("Idempotency-Key".to_owned(), "k".to_owned())],
        body: Some(b"{}".to_vec()),
    };
    let answer = http().send(&fixture.call(), sent).await.unwrap();
    assert_eq!((answer.status, answer.body), (201, json!({"ok": true})));
    assert_eq!(answer.headers.get("x-id").map(String::as_str), Some("7"));
    let seen = server.seen().remove(0);
    assert_eq!(seen.method, "PUT");
    assert_eq!(seen.uri, "/api/v1/a%2Fb?q=1+2");
    assert_eq!(seen.header("idempotency-key"), "k");
    assert_eq!(&seen.body[..], b"{}");
}

#[tokio::test]
async fn each_kind_of_auth_arrives_in_its_header() {
    let server = Server::answering(200, &[], "").await;
    let secret = || "token".to_owned();
    let kinds = [
        (Auth::Bearer(secret()), "authorization", "Bearer hunter2"),
        (
            Auth::Basic {
                user: "u".to_owned(),
                secret: secret(),
            },
            "authorization",
            "Basic dTpodW50ZXIy",
        ),
        (
            Auth::Header {
                name: "X-Api-Key".to_owned(),
                secret: secret(),
            },
            "x-api-key",
            SECRET,
        ),
    ];
    for (auth, header, value) in kinds {
        let mut fixture = fixture(&server.url);
        fixture.connection.auth = Some(auth);
        assert_eq!(get(&fixture).await.unwrap().body, Json::Null);
        assert_eq!(server.seen().pop().unwrap().header(header), value);
    }
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_refused_and_one_that_cannot_be_had_is_tried_again() {
    let mut fixture = fixture("http://127.0.0.1:1");
    fixture.connection.auth = Some(Auth::Bearer("missing".to_owned()));
    let error = get(&fixture).await.unwrap_err();
    assert!(error.to_string().contains("`missing`"));
    assert_eq!(code(error), "SecretMissing");
    fixture.connection.auth = Some(Auth::Bearer("down".to_owned()));
    assert!(is_not_sent(&get(&fixture).await.unwrap_err()));
}

#[tokio::test]
async fn a_status_tells_a_response_from_a_failure() {
    for status in [200, 204, 304, 400, 404, 409] {
        let server = Server::answering(status, &[], "").await;
        assert_eq!(get(&fixture(&server.url)).await.unwrap().status, status);
    }
    let wait = [("Retry-After", "7")];
    let expected = Some(Duration::from_secs(7));
    let busy = Server::answering(429, &wait, "").await;
    let error = post(&fixture(&busy.url)).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent { retry_after, .. } if retry_after == expected));
    for status in [500, 502, 503] {
        let server = Server::answering(status, &wait, "").await;
        let error = post(&fixture(&server.url)).await.unwrap_err();
        assert!(matches!(error, CallError::Maybe { retry_after, .. } if retry_after == expected));
    }
}

#[tokio::test]
async fn nothing_was_sent_where_no_connection_came_about() {
    let closed = closed().await;
    let plain = Server::answering(200, &[], "").await;
    let no_tls = plain.url.replace("http://", "https://");
    for url in [closed, no_tls] {
        let error = post(&fixture(&url)).await.unwrap_err();
        assert!(is_not_sent(&error), "{url}: {error:?}");
    }
    assert!(plain.seen().is_empty());
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_it_open() {
    let answers: [&'static [u8]; 3] = [
        b"",
        b"HTTP/1.1 200 O",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    ];
    for answer in answers {
        let (url, _serving) = raw(answer, true).await;
        let error = post(&fixture(&url)).await.unwrap_err();
        assert!(is_maybe(&error), "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_leaves_it_open() {
    let answers: [&'static [u8]; 2] = [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"];
    for answer in answers {
        let (url, _serving) = raw(answer, false).await;
        let mut fixture = fixture(&url);
        fixture.timeout = Duration::from_millis(50);
        let error = post(&fixture).await.unwrap_err();
        assert!(is_maybe(&error), "{answer:?}: {error:?}");
        assert!(error.to_string().contains("in time"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_unless_something_was_written() {
    let large = "x".repeat(crate::client::MAX_RESPONSE + 1);
    let server = Server::answering(200, &[], &large).await;
    let fixture_of_it = fixture(&server.url);
    assert_eq!(
        code(get(&fixture_of_it).await.unwrap_err()),
        "ResponseTooLarge"
    );
    assert!(is_maybe(&post(&fixture_of_it).await.unwrap_err()));
    let whole = Server::answering(200, &[], &large[1..]).await;
    assert!(get(&fixture(&whole.url)).await.is_ok());
    let failing = Server::answering(404, &[], &large).await;
    assert_eq!(post(&fixture(&failing.url)).await.unwrap().status, 404);
}

/// Redirects `/api/x` to `to`, and answers anything else with its path.
async fn redirecting(status: u16, to: &'static str) -> Server {
    Server::start(move |seen| match seen.uri.path() {
        "/api/x" => response(status, &[("Location", to)], ""),
        "/api/loop" => response(status, &[("Location", "/api/loop")], ""),
        other => response::<&str>(200, &[], &format!("{} {other}", seen.method)),
    })
    .await
}

#[tokio::test]
async fn a_redirect_below_the_base_is_followed() {
    for (status, method, body) in [
        (302, "GET", "GET /api/y"),
        (308, "POST", "POST /api/y"),
        (303, "POST", "GET /api/y"),
    ] {
        let server = redirecting(status, "/api/y").await;
        let fixture = fixture(&format!("{}/api", server.url));
        let answer = http().send(&fixture.call(), request(method, "x")).await;
        assert_eq!(answer.unwrap().body, json!(body));
    }
}

#[tokio::test]
async fn a_redirect_off_the_base_is_never_followed() {
    let other = Server::answering(200, &[], "").await;
    let target: &'static str = other.url.clone().leak();
    for to in ["/other", "//evil.example/api", target] {
        let server = redirecting(307, to).await;
        let mut fixture = fixture(&format!("{}/api", server.url));
        fixture.connection.auth = Some(Auth::Bearer("token".to_owned()));
        for method in ["GET", "POST"] {
            let answer = http().send(&fixture.call(), request(method, "x")).await;
            assert_eq!(code(answer.unwrap_err()), "RedirectRefused");
        }
        assert_eq!(server.seen().len(), 2);
    }
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn see_other_after_a_write_leaves_it_open_where_it_cannot_be_followed() {
    let server = redirecting(303, "/other").await;
    let base = fixture(&format!("{}/api", server.url));
    let answer = http().send(&base.call(), request("POST", "x")).await;
    assert!(is_maybe(&answer.unwrap_err()));
}

#[tokio::test]
async fn redirects_without_end_are_refused() {
    let server = redirecting(302, "/api/loop").await;
    let base = fixture(&format!("{}/api", server.url));
    let answer = http().send(&base.call(), request("GET", "x")).await;
    assert_eq!(code(answer.unwrap_err()), "TooManyRedirects");
    assert_eq!(server.seen().len(), redirect::MAX + 1);
    let answer = http().send(&base.call(), request("POST", "x")).await;
    assert!(is_maybe(&answer.unwrap_err()));
}

#[tokio::test]
async fn addresses_inside_the_network_are_refused_unless_allowed() {
    let server = Server::answering(200, &[], "").await;
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ] {
        let mut fixture = fixture(&format!("http://{host}:{port}"));
        fixture.connection.private = false;
        let error = get(&fixture).await.unwrap_err();
        assert_eq!(code(error), "AddressRefused", "{host}");
    }
    assert!(server.seen().is_empty());
    assert!(get(&fixture(&server.url)).await.is_ok());
}

#[tokio::test]
async fn a_path_or_header_that_takes_over_the_request_is_refused() {
    let server = Server::answering(200, &[], "").await;
    let base = fixture(&format!("{}/api", server.url));
    let leaving = http().send(&base.call(), request("GET", "../x")).await;
    assert_eq!(code(leaving.unwrap_err()), "InvalidPath");
    for (name, value) in [
        ("Host", "evil.example"),
        ("content-length", "0"),
        ("a b", "1"),
        ("a", "1\r\nb: 2"),
    ] {
        let mut request = request("GET", "x");
        request.headers.push((name.to_owned(), value.to_owned()));
        let answer = http().send(&base.call(), request).await;
        assert_eq!(code(answer.unwrap_err()), "InvalidRequest", "{name}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn no_failure_shows_a_secret_or_the_url() {
    let (broken, _serving) = raw(b"", true).await;
    for url in [closed().await, broken, "https://127.0.0.1:1".to_owned()] {
        let mut fixture = fixture(&format!("{url}/{SECRET}"));
        fixture.connection.auth = Some(Auth::Bearer("token".to_owned()));
        let error = get(&fixture).await.unwrap_err();
        assert!(!format!("{error:?} {error}").contains(SECRET), "{error:?}");
    }
}

#[tokio::test]
async fn a_treated_redirect_is_an_answer_and_not_followed() {
    let server = Server::answering(303, &[("Location", "https://elsewhere.example/")], "").await;
    let mut fixture = fixture(&server.url);
    assert!(post(&fixture).await.is_err());
    fixture.connection.treat.insert(303, Treatment::Success);
    assert_eq!(post(&fixture).await.unwrap().status, 303);
}
