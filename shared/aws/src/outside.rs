//! The outside world: each connection's own provider, or the sandbox of a local stack.

use std::sync::Arc;

use holdfast_engine::definition::model::ConnectionKind;
use holdfast_engine::port::{
    Call, CallError, Chat, ChatMessage, Email, EmailMessage, Http, HttpRequest, HttpResponse,
    Receipt, Sms, SmsMessage,
};
use holdfast_providers::machine::SystemClock;
use holdfast_providers::remote::RemoteSandbox;
use holdfast_providers::{Client, Providers, SetupError};

use crate::secrets::SsmSecrets;
use crate::ses::Ses;

/// Which providers answer. Clones share them.
#[derive(Debug, Clone)]
pub struct AwsOutside(Arc<Answers>);

#[derive(Debug)]
struct Answers {
    providers: Providers<SsmSecrets<SystemClock>>,
    ses: Ses,
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
        ses: aws_sdk_sesv2::Client,
        sandbox: Option<&str>,
    ) -> Result<Self, SetupError> {
        let sandbox = sandbox
            .map(|url| Ok(RemoteSandbox::new(&Client::new()?, url)))
            .transpose()?;
        Ok(Self(Arc::new(Answers {
            providers: Providers::new(&Arc::new(secrets.clone()))?,
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
        match &self.0.sandbox {
            Some(sandbox) => sandbox.post(call, message).await,
            None => self.0.providers.post(call, message).await,
        }
    }
}
