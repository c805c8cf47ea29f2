//! AWS as a script, for tests: each call gets the next answer, and what was asked is kept.
//!
//! It stands behind the SDK's own seam for HTTP clients, so that codes, bodies and the SDK's
//! repetitions are real. `aws-smithy-mocks` would answer above that seam, and its test features
//! would build every AWS crate a second time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value as Json, json};

use crate::sdk::Sdk;

/// An answer of AWS.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// It did what it was asked.
    Done(Json),
    /// It refused, with this code; the members stand beside it.
    Refused(&'static str, Json),
    /// The connection broke before an answer came.
    Lost,
}

/// A script of answers, and what was asked so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<Answer>,
    asked: Vec<(String, Json)>,
}

impl Script {
    /// These answers, in their order.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Arc::new(Mutex::new(State {
            answers: answers.into_iter().collect(),
            asked: Vec::new(),
        })))
    }

    /// Clients that are answered by it, and repeat as those of a function do.
    pub(crate) fn sdk(&self) -> Sdk {
        let connector = SharedHttpConnector::new(self.clone());
        let retry = RetryConfig::standard()
            .with_max_attempts(3)
            .with_initial_backoff(Duration::from_millis(1));
        let credentials = Credentials::new("key", "secret", None, None, "tests");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .retry_config(retry)
            .build();
        Sdk::of(&config)
    }

    /// The actions that were asked for.
    pub(crate) fn actions(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        state
            .asked
            .iter()
            .map(|(action, _)| action.clone())
            .collect()
    }

    /// What the nth call asked.
    pub(crate) fn asked(&self, index: usize) -> Json {
        self.0.lock().unwrap().asked[index].1.clone()
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap();
        let action = target.split('.').next_back().unwrap().to_owned();
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let mut state = self.0.lock().unwrap();
        state.asked.push((action, body));
        let answer = state.answers.pop_front();
        let answer = answer.unwrap_or_else(|| panic!("no answer to {:?}", state.asked.last()));
        HttpConnectorFuture::ready(match answer {
            Answer::Done(body) => Ok(response(200, &body)),
            Answer::Refused(code, mut body) => {
                body["__type"] = json!(format!("com.amazonaws#{code}"));
                Ok(response(400, &body))
            }
            Answer::Lost => Err(ConnectorError::io("broken on purpose".into())),
        })
    }
}

fn response(status: u16, body: &Json) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string()))
}
