//! The outside world: the sandbox in development, else each connection's own provider.

use std::sync::Arc;

use holdfast_engine::definition::model::ConnectionKind;
use holdfast_engine::port::{
    Call, CallError, Chat, ChatMessage, Clock, Email, EmailMessage, Http, HttpRequest,
    HttpResponse, Receipt, Sms, SmsMessage,
};
use holdfast_providers::http::ReqwestHttp;
use holdfast_providers::{Client, SetupError, Slack, Smtp, Twilio};

use crate::inject::Injector;
use crate::sandbox::Sandbox;
use crate::secrets::LocalSecrets;

/// Which providers answer, and which of their calls fail on purpose. Clones share them.
#[derive(Debug)]
pub struct Outside<C> {
    sandbox: Arc<Sandbox<C>>,
    /// `None`: the sandbox answers every connection.
    providers: Option<Arc<Providers>>,
    injector: Arc<Injector<C>>,
}

impl<C> Clone for Outside<C> {
    fn clone(&self) -> Self {
        Self {
            sandbox: Arc::clone(&self.sandbox),
            providers: self.providers.clone(),
            injector: Arc::clone(&self.injector),
        }
    }
}

#[derive(Debug)]
struct Providers {
    http: ReqwestHttp<LocalSecrets>,
    twilio: Twilio<LocalSecrets>,
    smtp: Smtp<LocalSecrets>,
    slack: Slack<LocalSecrets>,
}

impl Providers {
    fn new(secrets: &LocalSecrets) -> Result<Self, SetupError> {
        let (client, secrets) = (Client::new()?, Arc::new(secrets.clone()));
        Ok(Self {
            http: ReqwestHttp::new(client.clone(), Arc::clone(&secrets)),
            twilio: Twilio::new(client.clone(), Arc::clone(&secrets)),
            smtp: Smtp::new(Arc::clone(&secrets)),
            slack: Slack::new(client, secrets),
        })
    }
}

impl<C: Clock> Outside<C> {
    /// Without secrets the sandbox answers everything; with them connections of kind `sandbox` go
    /// there, every other to its own provider.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(
        sandbox: Arc<Sandbox<C>>,
        secrets: Option<&LocalSecrets>,
        injector: Arc<Injector<C>>,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            sandbox,
            providers: secrets.map(Providers::new).transpose()?.map(Arc::new),
            injector,
        })
    }

    /// The providers that answer this call; `None`: the sandbox.
    fn real(&self, call: &Call<'_>) -> Option<&Providers> {
        self.providers
            .as_deref()
            .filter(|_| call.connection.kind != ConnectionKind::Sandbox)
    }
}

/// A connection of a kind that its step does not speak: `holdfast check` refuses it.
fn wrong_kind(call: &Call<'_>) -> CallError {
    CallError::Refused {
        code: "WrongConnection".to_owned(),
        message: format!(
            "connection `{}` has a kind that this step cannot use",
            call.connection.name
        ),
    }
}

impl<C: Clock> Http for Outside<C> {
    async fn send(&self, call: &Call<'_>, request: HttpRequest) -> Result<HttpResponse, CallError> {
        let calling = async {
            match self.real(call) {
                None => Http::send(self.sandbox.as_ref(), call, request).await,
                Some(providers) => providers.http.send(call, request).await,
            }
        };
        self.injector.around(call, calling).await
    }
}

impl<C: Clock> Sms for Outside<C> {
    async fn send(&self, call: &Call<'_>, message: SmsMessage) -> Result<Receipt, CallError> {
        let calling = async {
            match self.real(call) {
                None => Sms::send(self.sandbox.as_ref(), call, message).await,
                Some(providers) => providers.twilio.send(call, message).await,
            }
        };
        self.injector.around(call, calling).await
    }
}

impl<C: Clock> Email for Outside<C> {
    async fn send(&self, call: &Call<'_>, message: EmailMessage) -> Result<Receipt, CallError> {
        let calling = async {
            match self.real(call) {
                None => Email::send(self.sandbox.as_ref(), call, message).await,
                Some(providers) if call.connection.kind == ConnectionKind::Smtp => {
                    providers.smtp.send(call, message).await
                }
                Some(_) => Err(wrong_kind(call)),
            }
        };
        self.injector.around(call, calling).await
    }
}

impl<C: Clock> Chat for Outside<C> {
    async fn post(&self, call: &Call<'_>, message: ChatMessage) -> Result<Receipt, CallError> {
        let calling = async {
            match self.real(call) {
                None => self.sandbox.post(call, message).await,
                Some(providers) => providers.slack.post(call, message).await,
            }
        };
        self.injector.around(call, calling).await
    }
}
