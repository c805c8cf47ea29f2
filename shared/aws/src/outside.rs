//! The outside world: each connection's own provider, or the sandbox of a local stack.

use std::sync::Arc;

use holdfast_engine::definition::model::ConnectionKind;
use holdfast_engine::port::{
    Call, CallError, Chat, ChatMessage, Email, EmailMessage, Http, HttpRequest, HttpResponse,
    Receipt, Sms, SmsMessage,
};
use holdfast_providers::machine::SystemClock;
use holdfast_providers::remote::RemoteSandbox;
use holdfast_providers::{Client, Providers, SetupError, Slack};

use crate::config::Config;
use crate::sdk::Rare;
use crate::secrets::SsmSecrets;
use crate::ses::Ses;

/// Which providers answer. Clones share them.
#[derive(Debug, Clone)]
pub struct AwsOutside(Arc<Answers>);

#[derive(Debug)]
struct Answers {
    providers: Providers<SsmSecrets<SystemClock>>,
    ses: Ses,
    /// Posts every message, where a parameter of the stack says so.
    slack: Option<Slack<SsmSecrets<SystemClock>>>,
    /// Answers every connection, where it is there.
    sandbox: Option<RemoteSandbox>,
}

impl AwsOutside {
    /// The providers with these secrets; where there is a sandbox, it answers everything.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(
        secrets: &SsmSecrets<SystemClock>,
        ses: Rare<aws_sdk_sesv2::Client>,
        config: &Config,
    ) -> Result<Self, SetupError> {
        let (client, secrets) = (Client::new()?, Arc::new(secrets.clone()));
        let sandbox = config.sandbox_url.as_deref();
        let sandbox = sandbox.map(|url| RemoteSandbox::new(&client, url));
        let webhook = config.alerts_slack_webhook.as_deref();
        let slack = webhook.map(|name| Slack::new(client, Arc::clone(&secrets)).with_secret(name));
        Ok(Self(Arc::new(Answers {
            providers: Providers::new(&secrets)?,
            slack,
            ses: Ses::new(ses),
            sandbox,
        })))
    }
}

impl Http for AwsOutside {
    async fn send(&self, call: &Call<'_>, request: HttpRequest) -> Result<HttpResponse, CallError> {
        match &self.0.sandbox {
            Some(sandbox) => Http::send(sandbox, call, request).await,
            None => Http::send(&self.0.providers, call, request).await,
        }
    }
}

impl Sms for AwsOutside {
    async fn send(&self, call: &Call<'_>, message: SmsMessage) -> Result<Receipt, CallError> {
        match &self.0.sandbox {
            Some(sandbox) => Sms::send(sandbox, call, message).await,
            None => Sms::send(&self.0.providers, call, message).await,
        }
    }
}

impl Email for AwsOutside {
    async fn send(&self, call: &Call<'_>, message: EmailMessage) -> Result<Receipt, CallError> {
        match &self.0.sandbox {
            Some(sandbox) => Email::send(sandbox, call, message).await,
            None if call.connection.kind == ConnectionKind::Ses => {
                self.0.ses.send(call, message).await
            }
            None => Email::send(&self.0.providers, call, message).await,
        }
    }
}

impl Chat for AwsOutside {
    async fn post(&self, call: &Call<'_>, message: ChatMessage) -> Result<Receipt, CallError> {
        match (&self.0.sandbox, &self.0.slack) {
            (Some(sandbox), _) => sandbox.post(call, message).await,
            (None, Some(slack)) => slack.post(call, message).await,
            (None, None) => self.0.providers.post(call, message).await,
        }
    }
}
