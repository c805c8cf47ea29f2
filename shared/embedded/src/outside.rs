//! The outside world: the sandbox in development, else each connection's own provider.

use std::sync::Arc;

use holdfast_engine::definition::model::ConnectionKind;
use holdfast_engine::port::{
    Call, CallError, Chat, ChatMessage, Clock, Email, EmailMessage, Http, HttpRequest,
    HttpResponse, Receipt, Sms, SmsMessage,
};
use holdfast_providers::{Providers, SetupError};

use crate::inject::Injector;
use crate::sandbox::Sandbox;
use crate::secrets::LocalSecrets;

/// Which providers answer, and which of their calls fail on purpose. Clones share them.
#[derive(Debug)]
pub struct Outside<C> {
    sandbox: Arc<Sandbox<C>>,
    /// `None`: the sandbox answers every connection.
    providers: Option<Arc<Providers<LocalSecrets>>>,
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
            providers: secrets
                .map(|secrets| Providers::new(&Arc::new(secrets.clone())))
                .transpose()?
                .map(Arc::new),
            injector,
        })
    }

    /// The providers that answer this call; `None`: the sandbox.
    fn real(&self, call: &Call<'_>) -> Option<&Providers<LocalSecrets>> {
        self.providers
            .as_deref()
            .filter(|_| call.connection.kind != ConnectionKind::Sandbox)
    }
}

impl<C: Clock> Http for Outside<C> {
    async fn send(&self, call: &Call<'_>, request: HttpRequest) -> Result<HttpResponse, CallError> {
        let calling = async {
            match self.real(call) {
                None => Http::send(self.sandbox.as_ref(), call, request).await,
                Some(providers) => Http::send(providers, call, request).await,
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
                Some(providers) => Sms::send(providers, call, message).await,
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
                Some(providers) => Email::send(providers, call, message).await,
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
                Some(providers) => providers.post(call, message).await,
            }
        };
        self.injector.around(call, calling).await
    }
}
