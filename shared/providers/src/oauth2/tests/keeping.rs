//! Tokens that are fetched, kept and replaced.

use super::*;

#[tokio::test]
async fn a_token_is_fetched_by_the_clients_credentials_and_kept() {
    let server = issuing(|_| 200).await;
    // The fixture's secrets that look like an address hold themselves.
    let fixture = fixture(&server.url, |client| {
        client.secret = "http:a b&é".to_owned();
        client.scopes = vec!["contacts.read".to_owned(), "deals".to_owned()];
    });
    let http = http();
    for _ in 0..3 {
        assert_eq!(send(&http, &fixture).await.unwrap().status, 200);
    }
    let (tokens, calls) = arrived(&server);
    assert_eq!(calls, ["Bearer T1"; 3]);
    assert_eq!(tokens.len(), 1);
    let grant = [
        ("grant_type", "client_credentials"),
        ("scope", "contacts.read deals"),
    ];
    assert_eq!(tokens[0].form(), pairs(&grant));
    assert_eq!(tokens[0].uri, "/token?v=1");
    // `us+er:http%3Aa+b%26%C3%A9`, as RFC 6749 encodes before base64 does.
    let basic = "Basic dXMrZXI6aHR0cCUzQWErYiUyNiVDMyVBOQ==";
    assert_eq!(tokens[0].header("authorization"), basic);
}

#[tokio::test]
async fn a_refresh_token_is_the_grant_and_credentials_may_stand_in_the_body() {
    let server = issuing(|_| 200).await;
    let fixture = fixture(&server.url, |client| {
        client.refresh = Some("crm-refresh".to_owned());
        client.credentials = Credentials::Body;
    });
    send(&http(), &fixture).await.unwrap();
    let (tokens, _) = arrived(&server);
    let grant = [
        ("grant_type", "refresh_token"),
        ("refresh_token", SECRET),
        ("client_id", "us er"),
        ("client_secret", SECRET),
    ];
    assert_eq!(tokens[0].form(), pairs(&grant));
    assert_eq!(tokens[0].header("authorization"), "");
}

#[tokio::test]
async fn tenants_and_clients_have_tokens_of_their_own() {
    let server = issuing(|_| 200).await;
    let (first, mut second) = (fixture(&server.url, |_| ()), fixture(&server.url, |_| ()));
    second.tenant = TenantName::new("other").unwrap();
    let third = fixture(&server.url, |client| client.client_id = literal("third"));
    let http = http();
    for fixture in [&first, &second, &third, &first, &second, &third] {
        send(&http, fixture).await.unwrap();
    }
    let (tokens, calls) = arrived(&server);
    assert_eq!(tokens.len(), 3);
    assert_eq!(calls[..3], calls[3..]);
    assert_eq!(calls[..3], ["Bearer T1", "Bearer T2", "Bearer T3"]);
}

/// How many tokens are fetched when a second call comes after so many seconds.
async fn fetched_after(body: &str, seconds: i64) -> usize {
    let server = refusing(200, &[], body).await;
    let (http, fixture) = (http(), fixture(&server.url, |_| ()));
    let first = fixture.call();
    let now = first.now + jiff::SignedDuration::from_secs(seconds);
    http.send(&first, post()).await.unwrap();
    http.send(&holdfast_engine::port::Call { now, ..first }, post())
        .await
        .unwrap();
    arrived(&server).0.len()
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_its_end() {
    assert_eq!(fetched_after(ISSUED, 3539).await, 1);
    assert_eq!(fetched_after(ISSUED, 3540).await, 2);
    let short = r#"{"access_token":"T","expires_in":10}"#;
    assert_eq!(fetched_after(short, 4).await, 1);
    assert_eq!(fetched_after(short, 5).await, 2);
    let unsaid = r#"{"access_token":"T"}"#;
    assert_eq!(fetched_after(unsaid, 239).await, 1);
    assert_eq!(fetched_after(unsaid, 240).await, 2);
    for over in ["0", "-1", "\"soon\"", "[]"] {
        let body = format!(r#"{{"access_token":"T","expires_in":{over}}}"#);
        assert_eq!(fetched_after(&body, 0).await, 2, "{over}");
    }
    let endless = r#"{"access_token":"T","expires_in":1e300}"#;
    assert_eq!(
        fetched_after(endless, 0).await,
        2,
        "a number that no time is"
    );
}

/// What calls at the same time come to.
async fn at_once(server: &Server, calls: usize) -> Vec<Result<HttpResponse, CallError>> {
    let (http, fixture) = (Arc::new(http()), Arc::new(fixture(&server.url, |_| ())));
    let mut sending = JoinSet::new();
    for _ in 0..calls {
        let (http, fixture) = (Arc::clone(&http), Arc::clone(&fixture));
        sending.spawn(async move { send(&http, &fixture).await });
    }
    sending.join_all().await
}

#[tokio::test]
async fn calls_at_the_same_time_share_one_fetch_and_its_failure() {
    let server = issuing(|_| 200).await;
    let sent = at_once(&server, 20).await;
    assert!(sent.iter().all(Result::is_ok));
    assert_eq!(arrived(&server).0.len(), 1);
    let server = refusing(503, &[("Retry-After", "7")], "").await;
    let sent = at_once(&server, 20).await;
    assert!(
        sent.iter()
            .all(|sent| is_not_sent(sent.as_ref().unwrap_err()))
    );
    assert_eq!(arrived(&server).0.len(), 1);
}

#[tokio::test]
async fn a_token_that_the_receiver_does_not_know_any_more_is_replaced_once() {
    let server = issuing(|token| if token == "Bearer T1" { 200 } else { 201 }).await;
    let (http, fixture) = (http(), fixture(&server.url, |_| ()));
    send(&http, &fixture).await.unwrap();
    assert_eq!(arrived(&server).1, ["Bearer T1"]);

    let server = issuing(|token| if token == "Bearer T2" { 200 } else { 401 }).await;
    let fixture = self::fixture(&server.url, |_| ());
    let fresh = send(&http, &fixture).await.unwrap();
    assert_eq!(fresh.status, 401, "a fresh token is not fetched again");
    assert_eq!(send(&http, &fixture).await.unwrap().status, 200);
    assert_eq!(arrived(&server).1, ["Bearer T1", "Bearer T2"]);
}

/// A server that knows each token for one call.
async fn forgetful() -> Server {
    let last = Mutex::new(String::new());
    issuing(move |token| {
        let mut last = last.lock().unwrap();
        let is_known = *last != token;
        token.clone_into(&mut last);
        if is_known { 200 } else { 401 }
    })
    .await
}

#[tokio::test]
async fn a_call_with_a_kept_token_that_is_refused_is_made_once_more() {
    let server = forgetful().await;
    let (http, mut fixture) = (http(), fixture(&server.url, |_| ()));
    for _ in 0..3 {
        assert_eq!(send(&http, &fixture).await.unwrap().status, 200);
    }
    let expected = ["T1", "T1", "T2", "T2", "T3"].map(|token| format!("Bearer {token}"));
    assert_eq!(arrived(&server).1, expected);
    fixture.connection.treat.insert(401, Treatment::Success);
    assert_eq!(send(&http, &fixture).await.unwrap().status, 401);
    assert_eq!(send(&http, &fixture).await.unwrap().status, 200);
    let calls = arrived(&server).1;
    assert_eq!(
        calls[5..],
        ["Bearer T3", "Bearer T4"],
        "the author's meaning holds"
    );
}

#[tokio::test]
async fn a_refresh_token_that_is_replaced_is_used_until_it_is_refused() {
    let server = Server::start(|seen| {
        if !is_token(seen) {
            return json(200, "{}");
        }
        let form = seen.form();
        let used = form.iter().find(|(name, _)| name == "refresh_token");
        match used.unwrap().1.as_str() {
            SECRET => json(
                200,
                r#"{"access_token":"T","expires_in":0,"refresh_token":"r2"}"#,
            ),
            "r2" => json(
                200,
                r#"{"access_token":"T","expires_in":0,"refresh_token":"r3"}"#,
            ),
            _ => json(400, r#"{"error":"invalid_grant"}"#),
        }
    })
    .await;
    let fixture = fixture(&server.url, |client| {
        client.refresh = Some("crm-refresh".to_owned());
    });
    let http = http();
    let mut sent = Vec::new();
    for _ in 0..4 {
        sent.push(send(&http, &fixture).await.is_ok());
    }
    assert_eq!(sent, [true, true, false, true]);
    let used = arrived(&server)
        .0
        .into_iter()
        .map(|seen| seen.form()[1].1.clone());
    assert_eq!(used.collect::<Vec<_>>(), [SECRET, "r2", "r3", SECRET]);
}

#[test]
fn nothing_shows_a_token() {
    let header = crate::credentials::sensitive("Bearer hunter2").unwrap();
    let shown = format!("{:?}", Token::kept(header, Timestamp::MAX));
    assert!(!shown.contains(SECRET), "{shown}");
}
