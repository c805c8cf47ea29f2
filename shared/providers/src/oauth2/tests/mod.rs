//! Tokens against a server on loopback that issues them and takes them.

mod failing;
mod keeping;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::response::Response;
use holdfast_engine::definition::model::{Auth, ConnectionKind, Credentials, Treatment};
use holdfast_engine::port::{Http, HttpRequest, HttpResponse};
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::*;
use crate::ReqwestHttp;
use crate::testing::{
    Fixture, Keys, SECRET, Seen, Server, client, closed, code, is_not_sent, keys, literal, raw,
    response,
};

const ISSUED: &str = r#"{"access_token":"T","token_type":"Bearer","expires_in":3600}"#;

fn oauth2(token_url: &str) -> OAuth2 {
    OAuth2 {
        token_url: literal(token_url),
        client_id: literal("us er"),
        secret: "crm-secret".to_owned(),
        refresh: None,
        scopes: Vec::new(),
        credentials: Credentials::Header,
    }
}

/// A connection whose API and token endpoint are one server.
fn fixture(url: &str, change: impl FnOnce(&mut OAuth2)) -> Fixture {
    let mut fixture = Fixture::new(ConnectionKind::Http, url);
    let mut client = oauth2(&format!("{url}/token?v=1"));
    change(&mut client);
    fixture.connection.auth = Some(Auth::OAuth2(Box::new(client)));
    fixture
}

fn http() -> ReqwestHttp<Keys> {
    ReqwestHttp::new(client(), keys())
}

fn post() -> HttpRequest {
    HttpRequest {
        method: "POST".to_owned(),
        path: "/x".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Some(b"{}".to_vec()),
    }
}

async fn send(http: &ReqwestHttp<Keys>, fixture: &Fixture) -> Result<HttpResponse, CallError> {
    http.send(&fixture.call(), post()).await
}

fn json(status: u16, body: &str) -> Response {
    response(status, &[("content-type", "application/json")], body)
}

fn is_token(seen: &Seen) -> bool {
    seen.uri.path() == "/token"
}

/// A server that issues `T1`, `T2`, …, and answers calls as this says by their token.
async fn issuing(answer: impl Fn(&str) -> u16 + Send + Sync + 'static) -> Server {
    let issued = AtomicUsize::new(0);
    Server::start(move |seen| {
        if is_token(seen) {
            let number = issued.fetch_add(1, Ordering::Relaxed) + 1;
            let body = format!(
                r#"{{"access_token":"T{number}","token_type":"bearer","expires_in":"3600"}}"#
            );
            return json(200, &body);
        }
        json(answer(seen.header("authorization")), "{}")
    })
    .await
}

/// A server whose token endpoint has one answer.
async fn refusing(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &str,
) -> Server {
    let body = body.to_owned();
    Server::start(move |seen| {
        if is_token(seen) {
            response(status, headers, &body)
        } else {
            json(200, "{}")
        }
    })
    .await
}

/// What arrived at the token endpoint, and the tokens of calls.
fn arrived(server: &Server) -> (Vec<Seen>, Vec<String>) {
    let (tokens, calls): (Vec<_>, Vec<_>) = server.seen().into_iter().partition(is_token);
    let calls = calls
        .iter()
        .map(|call| call.header("authorization").to_owned());
    (tokens, calls.collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}
