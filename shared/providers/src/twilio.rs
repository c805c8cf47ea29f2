//! Twilio's Messages API: <https://www.twilio.com/docs/messaging/api/message-resource>.
//!
//! It knows no idempotency key, so a lost answer stays uncertain.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use holdfast_engine::definition::model::Auth;
use holdfast_engine::port::{Call, CallError, HttpResponse, Receipt, Secrets, Sms, SmsMessage};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value as Json;
use url::Url;

use crate::client::{Client, Outbound};
use crate::credentials::{basic, secret, sensitive};
use crate::failure::{maybe, misconfigured, refused};
use crate::http::settle;
use crate::settings;

const API: &str = "https://api.twilio.com";

/// Text messages through Twilio.
#[derive(Debug)]
pub struct Twilio<S> {
    client: Client,
    secrets: Arc<S>,
}

impl<S: Secrets> Twilio<S> {
    /// An adapter over this client.
    pub fn new(client: Client, secrets: Arc<S>) -> Self {
        Self { client, secrets }
    }
}

impl<S: Secrets> Sms for Twilio<S> {
    async fn send(&self, call: &Call<'_>, message: SmsMessage) -> Result<Receipt, CallError> {
        let account = account(call)?;
        let outbound = Outbound {
            method: Method::POST,
            url: messages_url(call, &account)?,
            headers: self.headers(call, &account).await?,
            body: Some(form(call, &message)?.into_bytes()),
            timeout: call.timeout,
            private: call.connection.private,
        };
        let response = settle(call, self.client.exchange(outbound).await?)?;
        receipt(&response, &message.to)
    }
}

impl<S: Secrets> Twilio<S> {
    /// An API key as `basic`, or the account with its token as `bearer`.
    async fn headers(&self, call: &Call<'_>, account: &str) -> Result<HeaderMap, CallError> {
        let (user, name) = match &call.connection.auth {
            Some(Auth::Basic { user, secret }) => (user.as_str(), secret),
            Some(Auth::Bearer(secret)) => (account, secret),
            _ => return Err(misconfigured("a twilio connection needs `auth: { basic }`")),
        };
        let password = secret(&*self.secrets, call, name).await?;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        Ok(HeaderMap::from_iter([
            (AUTHORIZATION, sensitive(&basic(user, &password))?),
            (CONTENT_TYPE, form),
        ]))
    }
}

/// The account: configured, or the user of `basic`. It is a segment of the URL.
fn account(call: &Call<'_>) -> Result<String, CallError> {
    let configured = settings::text(call, call.connection.account.as_ref())?;
    let account = match (configured, &call.connection.auth) {
        (Some(account), _) => account,
        (None, Some(Auth::Basic { user, .. })) => user.clone(),
        (None, _) => return Err(misconfigured("a twilio connection needs `account`")),
    };
    if account.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Ok(account)
    } else {
        Err(misconfigured("`account` is not a Twilio account's SID"))
    }
}

fn messages_url(call: &Call<'_>, account: &str) -> Result<Url, CallError> {
    let base = settings::text(call, call.connection.url.as_ref())?;
    let base = base.as_deref().unwrap_or(API).trim_end_matches('/');
    let url = format!("{base}/2010-04-01/Accounts/{account}/Messages.json");
    Url::parse(&url).map_err(|_| misconfigured("the connection's `url` is not a URL"))
}

fn form(call: &Call<'_>, message: &SmsMessage) -> Result<String, CallError> {
    let from = settings::required(call, call.connection.from.as_ref(), "from")?;
    let sender = if from.starts_with("MG") {
        "MessagingServiceSid"
    } else {
        "From"
    };
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("To", &message.to)
        .append_pair(sender, &from)
        .append_pair("Body", &message.body);
    if let Some(callback) = call.callback {
        form.append_pair("StatusCallback", callback);
    }
    Ok(form.finish())
}

/// The message's SID, or the refusal that Twilio gives a number of its own.
fn receipt(response: &HttpResponse, to: &str) -> Result<Receipt, CallError> {
    let status = response.status;
    let text = |member: &str| response.body.get(member).and_then(Json::as_str);
    if !(200..300).contains(&status) {
        let code = response.body.get("code").and_then(Json::as_u64);
        let code = code.map_or(format!("HttpStatus{status}"), |code| {
            format!("Twilio{code}")
        });
        let reason = text("message").unwrap_or("no reason given");
        let reason = reason.replace(to, "the recipient");
        return Err(refused(code, format!("Twilio answered {status}: {reason}")));
    }
    let id = text("sid").ok_or_else(|| maybe("Twilio's answer names no message"))?;
    Ok(Receipt { id: id.to_owned() })
}
