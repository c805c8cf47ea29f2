//! Tokens that are not issued.

use super::*;

#[tokio::test]
async fn what_may_work_later_is_never_said_to_have_been_sent() {
    for status in [408, 429, 500, 503] {
        let server = refusing(status, &[("Retry-After", "7")], "").await;
        let error = send(&http(), &fixture(&server.url, |_| ()))
            .await
            .unwrap_err();
        let wait = Some(Duration::from_secs(7));
        assert!(
            matches!(&error, CallError::NotSent { retry_after, .. } if *retry_after == wait),
            "{status}: {error:?}"
        );
        assert!(arrived(&server).1.is_empty());
    }
    let (silent, _serving) = raw(b"", false).await;
    let (broken, _broken) = raw(b"", true).await;
    for url in [silent, broken, closed().await] {
        let mut fixture = fixture(&url, |_| ());
        fixture.timeout = Duration::from_millis(400);
        let error = send(&http(), &fixture).await.unwrap_err();
        assert!(is_not_sent(&error), "{error:?}");
    }
}

/// What is said when the token endpoint answers so.
async fn refusal(status: u16, body: &str) -> String {
    let server = refusing(status, &[], body).await;
    let fixture = fixture(&server.url, |client| {
        client.refresh = Some("crm-refresh".to_owned());
    });
    let error = send(&http(), &fixture).await.unwrap_err();
    assert!(arrived(&server).1.is_empty(), "the API is not called");
    let shown = error.to_string().replace(&server.url, "<url>");
    assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    assert_eq!(code(error), "TokenRefused");
    shown
}

#[tokio::test]
async fn a_refusal_names_the_connection_the_endpoint_and_what_to_do() {
    let of =
        |error: &str| format!(r#"{{"error":"{error}","error_description":"no client {SECRET}"}}"#);
    let start = "connection `c` got no token from <url>/token: ";
    assert_eq!(
        refusal(401, &of("invalid_client")).await,
        format!(
            "{start}it answered 401 `invalid_client`: compare `client_id` and the secret \
             `crm-secret` with what it knows"
        )
    );
    let said = refusal(400, &of("invalid_grant")).await;
    assert!(said.contains("set the secret `crm-refresh`"), "{said}");
    for error in [
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "invalid_request",
    ] {
        let said = refusal(400, &of(error)).await;
        assert!(said.contains(&format!("400 `{error}`: ")), "{said}");
    }
    assert_eq!(
        refusal(400, &of(SECRET)).await,
        format!("{start}it answered 400")
    );
    assert_eq!(
        refusal(404, "nothing").await,
        format!("{start}it answered 404")
    );
    let without = format!("{start}it answered 200 without a token");
    assert_eq!(refusal(200, "<html>").await, without);
    assert_eq!(refusal(200, r#"{"access_token":""}"#).await, without);
    let redirect = refusal(302, "").await;
    assert!(
        redirect.ends_with("302, and redirects are not followed"),
        "{redirect}"
    );
    let mac = r#"{"access_token":"T","token_type":"mac"}"#;
    assert!(
        refusal(200, mac)
            .await
            .ends_with("its token is not a bearer's")
    );
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let large = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(65 * 1024));
    let server = refusing(200, &[], &large).await;
    let error = send(&http(), &fixture(&server.url, |_| ()))
        .await
        .unwrap_err();
    assert_eq!(code(error), "ResponseTooLarge");
}

#[tokio::test]
async fn a_token_url_obeys_the_rules_of_the_connections_own() {
    let server = issuing(|_| 200).await;
    let mut inside = fixture("https://api.example.com", |client| {
        client.token_url = literal(&server.url.replace("http:", "https:"));
    });
    inside.connection.private = false;
    let error = send(&http(), &inside).await.unwrap_err();
    assert_eq!(code(error), "AddressRefused");
    for url in [
        server.url.as_str(),
        "https://u:hunter2@a.example/t",
        "ftp://a.example",
        "a.example",
    ] {
        let mut fixture = fixture("https://api.example.com", |client| {
            client.token_url = literal(url);
        });
        fixture.connection.private = false;
        let error = send(&http(), &fixture).await.unwrap_err();
        assert!(!error.to_string().contains(SECRET));
        assert_eq!(code(error), "ConnectionMisconfigured", "{url}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn secrets_that_are_missing_or_cannot_be_had_are_told_as_ever() {
    let server = issuing(|_| 200).await;
    for part in ["secret", "refresh"] {
        let with = |name: &str| {
            fixture(&server.url, |client| match part {
                "secret" => client.secret = name.to_owned(),
                _ => client.refresh = Some(name.to_owned()),
            })
        };
        let missing = send(&http(), &with("missing")).await.unwrap_err();
        assert!(missing.to_string().contains("`missing`"));
        assert_eq!(code(missing), "SecretMissing");
        assert!(is_not_sent(
            &send(&http(), &with("down")).await.unwrap_err()
        ));
    }
    assert!(server.seen().is_empty());
}
