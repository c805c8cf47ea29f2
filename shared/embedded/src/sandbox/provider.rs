//! The sandbox as the provider of every kind of effect.

use holdfast_engine::port::{
    Call, CallError, Chat, ChatMessage, Clock, Email, EmailMessage, Http, HttpRequest,
    HttpResponse, Receipt, Sms, SmsMessage,
};
use holdfast_providers::http::{lenient, settle};
use serde_json::{Map, Value as Json, json};

use crate::observer::Moment;

use super::ledger::Entry;
use super::line::Arrival;
use super::{Kind, Reply, Sandbox};

impl<C: Clock> Sandbox<C> {
    /// Records a call, then answers it: the delivery's id and the response.
    async fn receive(
        &self,
        call: &Call<'_>,
        kind: Kind,
        payload: Json,
    ) -> Result<(String, HttpResponse), CallError> {
        let (reply, honours_key, observer) = {
            let mut mood = self.mood();
            (
                mood.next(call.connection),
                mood.honours_key(call.connection),
                mood.observer.clone(),
            )
        };
        let entry = Entry {
            call: self.arrival(call, kind, payload),
            honours_key,
            refusal: reply.refusal(),
        };
        let recorded = self.writer.record(entry).await;
        let id = recorded.map_err(|message| CallError::NotSent {
            message,
            retry_after: None,
        })?;
        observer.see(Moment::Accepted);
        Ok((id, settle(call, response(reply)?)?))
    }

    fn arrival(&self, call: &Call<'_>, kind: Kind, mut payload: Json) -> Arrival {
        if let (Some(callback), Some(members)) = (call.callback, payload.as_object_mut()) {
            members.insert("callback".to_owned(), json!(callback));
        }
        Arrival {
            tenant: call.tenant.clone(),
            connection: call.connection.name.clone(),
            kind,
            idempotency_key: call.key.to_owned(),
            payload,
            at: self.clock.now(),
        }
    }

    /// Takes a message, for which any status but success is a refusal.
    async fn take(&self, call: &Call<'_>, kind: Kind, payload: Json) -> Result<Receipt, CallError> {
        let (id, response) = self.receive(call, kind, payload).await?;
        if response.status < 400 {
            return Ok(Receipt { id });
        }
        Err(CallError::Refused {
            code: format!("HttpStatus{}", response.status),
            message: format!("the sandbox answered {}", response.status),
        })
    }
}

fn response(reply: Reply) -> Result<HttpResponse, CallError> {
    let maybe = |message: &str| CallError::Maybe {
        message: message.to_owned(),
        retry_after: None,
    };
    match reply {
        Reply::Respond {
            status,
            headers,
            body,
        } => Ok(HttpResponse {
            status,
            headers: headers.into_iter().collect(),
            body,
        }),
        Reply::Timeout => Err(maybe("the sandbox did not answer in time")),
        Reply::Reset => Err(maybe("the sandbox broke the connection")),
        Reply::Drop => Err(maybe(
            "the sandbox accepted the call and dropped its answer",
        )),
    }
}

impl<C: Clock> Http for Sandbox<C> {
    async fn send(&self, call: &Call<'_>, request: HttpRequest) -> Result<HttpResponse, CallError> {
        let payload = json!({
            "method": request.method,
            "path": request.path,
            "query": grouped(request.query),
            "headers": grouped(request.headers),
            "body": lenient(&request.body.unwrap_or_default()),
        });
        let (_, response) = self.receive(call, Kind::Http, payload).await?;
        Ok(response)
    }
}

impl<C: Clock> Sms for Sandbox<C> {
    async fn send(&self, call: &Call<'_>, message: SmsMessage) -> Result<Receipt, CallError> {
        let payload = json!({ "to": message.to, "body": message.body });
        self.take(call, Kind::Sms, payload).await
    }
}

impl<C: Clock> Email for Sandbox<C> {
    async fn send(&self, call: &Call<'_>, message: EmailMessage) -> Result<Receipt, CallError> {
        let mut payload = json!({
            "to": message.to,
            "subject": message.subject,
            "body": message.body,
        });
        if let (Some(address), Some(members)) = (message.reply_to, payload.as_object_mut()) {
            members.insert("reply_to".to_owned(), json!(address));
        }
        self.take(call, Kind::Email, payload).await
    }
}

impl<C: Clock> Chat for Sandbox<C> {
    async fn post(&self, call: &Call<'_>, message: ChatMessage) -> Result<Receipt, CallError> {
        let mut payload = Map::from_iter([("body".to_owned(), json!(message.body))]);
        if let Some(channel) = message.channel {
            payload.insert("channel".to_owned(), json!(channel));
        }
        if !message.blocks.is_empty() {
            payload.insert("blocks".to_owned(), message.blocks.into());
        }
        let payload = Json::Object(payload);
        self.take(call, Kind::Chat, payload).await
    }
}

/// Named texts as an object; a repeated name has a list.
fn grouped(pairs: Vec<(String, String)>) -> Json {
    let mut members: Map<String, Json> = Map::new();
    for (name, value) in pairs {
        match members.get_mut(&name) {
            None => drop(members.insert(name, Json::String(value))),
            Some(Json::Array(values)) => values.push(Json::String(value)),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    Json::Object(members)
}
