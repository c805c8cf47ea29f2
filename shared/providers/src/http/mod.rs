//! HTTP APIs: requests below a connection's base URL.

mod authorized;
mod base;
mod redirect;
mod retry_after;
mod settle;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use holdfast_engine::definition::model::Auth;
use holdfast_engine::port::{Call, CallError, Http, HttpRequest, HttpResponse, Secrets};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::time::Instant;

use self::base::Base;
pub(crate) use self::retry_after::retry_after;
pub use self::settle::settle;
pub use crate::client::lenient;
use crate::client::{Client, Outbound};
use crate::failure::{maybe, refused};
use crate::oauth2::Tokens;
use crate::{credentials, settings};

/// HTTP over the shared client.
#[derive(Debug)]
pub struct ReqwestHttp<S> {
    client: Client,
    secrets: Arc<S>,
    tokens: Tokens,
}

impl<S: Secrets> ReqwestHttp<S> {
    /// An adapter over this client.
    pub fn new(client: Client, secrets: Arc<S>) -> Self {
        Self {
            client,
            secrets,
            tokens: Tokens::default(),
        }
    }
}

impl<S: Secrets> Http for ReqwestHttp<S> {
    async fn send(&self, call: &Call<'_>, request: HttpRequest) -> Result<HttpResponse, CallError> {
        let url = settings::required(call, call.connection.url.as_ref(), "url")?;
        let base = Base::parse(&url)?;
        let mut outbound = outbound(call, &base, request)?;
        let deadline = Instant::now() + call.timeout;
        if let Some(Auth::OAuth2(client)) = &call.connection.auth {
            return self
                .authorized(call, client, &base, (outbound, deadline))
                .await;
        }
        if let Some((name, value)) = credentials::header(&*self.secrets, call).await? {
            outbound.headers.insert(name, value);
        }
        let (response, wrote) = self.follow(call, &base, outbound, deadline).await?;
        finish(call, response, wrote)
    }
}

impl<S: Secrets> ReqwestHttp<S> {
    /// Sends, and follows redirects below the base within the same time: the last answer, and
    /// whether an earlier hop wrote.
    async fn follow(
        &self,
        call: &Call<'_>,
        base: &Base,
        first: Outbound,
        deadline: Instant,
    ) -> Result<(HttpResponse, bool), CallError> {
        let mut outbound = first;
        let mut wrote = false;
        for _ in 0..=redirect::MAX {
            outbound.timeout = deadline.saturating_duration_since(Instant::now());
            let method = outbound.method.clone();
            let exchanged = self.client.exchange(outbound.clone()).await;
            let next = exchanged.and_then(|response| {
                let next = redirect::next(call.connection, base, &outbound, &response)?;
                Ok((next, response))
            });
            match next.map_err(|error| redirect::known(error, wrote))? {
                (None, response) => return Ok((response, wrote)),
                (Some(next), _) => outbound = next,
            }
            wrote |= method != outbound.method && !method.is_safe();
        }
        let error = refused("TooManyRedirects", "the receiver redirects without end");
        Err(redirect::known(error, wrote))
    }
}

/// The outcome of the last hop. After a write that was answered with a redirect, anything but
/// success leaves open what the write did.
fn finish(call: &Call<'_>, response: HttpResponse, wrote: bool) -> Result<HttpResponse, CallError> {
    let status = response.status;
    if wrote && status >= 300 {
        return Err(maybe(format!(
            "the receiver answered {status} after a redirect"
        )));
    }
    settle(call, response)
}

fn outbound(call: &Call<'_>, base: &Base, request: HttpRequest) -> Result<Outbound, CallError> {
    let method = Method::from_bytes(request.method.as_bytes());
    let method = method.map_err(|_| refused("InvalidRequest", "the method is not a method"))?;
    Ok(Outbound {
        method,
        url: base.join(&request.path, &request.query)?,
        headers: headers(&request.headers)?,
        body: request.body,
        timeout: call.timeout,
        private: call.connection.private,
    })
}

/// Headers that frame a message or choose its receiver: the client's alone.
const FRAMING: [&str; 7] = [
    "connection",
    "content-length",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, CallError> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let invalid = || refused("InvalidRequest", format!("`{name}` is not a valid header"));
        let header = HeaderName::try_from(name.as_str()).map_err(|_| invalid())?;
        if FRAMING.contains(&header.as_str()) {
            let message = format!("the header `{name}` is not a definition's to set");
            return Err(refused("InvalidRequest", message));
        }
        let value = HeaderValue::from_str(value).map_err(|_| invalid())?;
        headers.append(header, value);
    }
    Ok(headers)
}
