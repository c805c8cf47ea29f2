//! Servers on loopback, secrets and calls for the adapters' tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use holdfast_engine::definition::model::{Connection, ConnectionKind, ValueExpression};
use holdfast_engine::name::{ConnectionName, TenantName};
use holdfast_engine::port::{Call, CallError, PortError, Secrets};
use holdfast_engine::verify::Secret;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::Client;

/// What every known secret holds; no message may ever show it.
pub(crate) const SECRET: &str = "hunter2";

/// Secrets: `missing` is not set, `down` cannot be had, any other name that is a URL is itself.
pub(crate) struct Keys;

impl Secrets for Keys {
    async fn secret(&self, _tenant: &TenantName, name: &str) -> Result<Vec<Secret>, PortError> {
        match name {
            "missing" => Ok(Vec::new()),
            "down" => Err(PortError::Throttled),
            url if url.starts_with("http") => Ok(vec![Secret::new(url).unwrap()]),
            _ => Ok(vec![Secret::new(SECRET).unwrap()]),
        }
    }

    fn identity_key(&self) -> &[u8; 32] {
        &[0; 32]
    }
}

pub(crate) fn keys() -> Arc<Keys> {
    Arc::new(Keys)
}

pub(crate) fn client() -> Client {
    Client::new().unwrap()
}

pub(crate) fn literal(text: &str) -> ValueExpression {
    ValueExpression::Literal(json!(text))
}

/// A call through a connection, whose parts a test changes.
pub(crate) struct Fixture {
    pub(crate) connection: Connection,
    pub(crate) config: Json,
    pub(crate) tenant: TenantName,
    pub(crate) timeout: Duration,
    pub(crate) callback: Option<&'static str>,
}

impl Fixture {
    /// A connection that may reach loopback.
    pub(crate) fn new(kind: ConnectionKind, url: &str) -> Self {
        let mut connection = Connection::new(ConnectionName::new("c").unwrap(), kind);
        connection.url = Some(literal(url));
        connection.private = true;
        Self {
            connection,
            config: json!({}),
            tenant: TenantName::new("demo").unwrap(),
            timeout: Duration::from_secs(5),
            callback: None,
        }
    }

    pub(crate) fn call(&self) -> Call<'_> {
        Call {
            connection: &self.connection,
            config: &self.config,
            tenant: &self.tenant,
            key: "e1:1:confirm.1",
            now: "2026-11-20T10:00:00Z".parse().unwrap(),
            timeout: self.timeout,
            callback: self.callback,
        }
    }
}

/// The code of a refusal.
pub(crate) fn code(error: CallError) -> String {
    match error {
        CallError::Refused { code, .. } => code,
        other => panic!("not a refusal: {other:?}"),
    }
}

pub(crate) fn is_not_sent(error: &CallError) -> bool {
    matches!(error, CallError::NotSent { .. })
}

pub(crate) fn is_maybe(error: &CallError) -> bool {
    matches!(error, CallError::Maybe { .. })
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

type Respond = dyn Fn(&Seen) -> Response + Send + Sync;

type Log = Arc<Mutex<Vec<Seen>>>;

/// An HTTP server that remembers what arrived.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Log,
    _serving: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(respond: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Log = Arc::default();
        let respond: Arc<Respond> = Arc::new(respond);
        let app = Router::new()
            .fallback(serve)
            .with_state((Arc::clone(&seen), respond));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            seen,
            _serving: serving,
        }
    }

    /// A server with one answer.
    pub(crate) async fn answering(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers: Vec<(String, String)> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let body = body.to_owned();
        Self::start(move |_| response(status, &headers, &body)).await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    State((seen, respond)): State<(Log, Arc<Respond>)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let arrived = Seen {
        method,
        uri,
        headers,
        body,
    };
    let response = respond(&arrived);
    seen.lock().unwrap().push(arrived);
    response
}

pub(crate) fn response<T: AsRef<str>>(status: u16, headers: &[(T, T)], body: &str) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name.as_ref(), value.as_ref());
    }
    response.body(body.to_owned().into()).unwrap()
}

/// A server that reads a request, writes `answer`, and then closes, or never does.
pub(crate) async fn raw(answer: &'static [u8], closes: bool) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            assert!(stream.read(&mut head).await.unwrap() > 0);
            stream.write_all(answer).await.unwrap();
            if !closes {
                open.push(stream);
            }
        }
    });
    (url, serving)
}

/// A port that nothing listens on.
pub(crate) async fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
