//! Mail servers.
//!
//! The connection is driven command by command, because only so can it be told whether the
//! message's end had been sent when the connection broke: before that nothing was delivered.

mod answer;
mod compose;
mod server;

#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::definition::model::Auth;
use holdfast_engine::port::{Call, CallError, Email, EmailMessage, Receipt, Secrets};
use lettre::Address;
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailParameter};
use tokio::time::{Instant, timeout, timeout_at};

use self::answer::{after_the_message, before_the_message};
use self::compose::Composed;
use self::server::Server;
use crate::credentials::secret;
use crate::failure::{maybe, misconfigured, not_sent, refused};

/// Time for saying goodbye after a message was accepted.
const GOODBYE: Duration = Duration::from_secs(1);

/// E-mail through a mail server.
#[derive(Debug)]
pub struct Smtp<S> {
    secrets: Arc<S>,
}

impl<S: Secrets> Smtp<S> {
    /// An adapter over these secrets.
    pub fn new(secrets: Arc<S>) -> Self {
        // An error says that a provider is installed already; only ring is compiled in.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { secrets }
    }
}

impl<S: Secrets> Email for Smtp<S> {
    async fn send(&self, call: &Call<'_>, message: EmailMessage) -> Result<Receipt, CallError> {
        let deadline = Instant::now() + call.timeout;
        let server = Server::of(call)?;
        let composed = compose::compose(call, &message)?;
        let credentials = self.credentials(call).await?;
        let offering = offer(call, &server, credentials, &composed.envelope);
        let mut connection = timeout_at(deadline, offering)
            .await
            .map_err(|_| not_sent("the mail server did not take the message in time"))??;
        deliver(&mut connection, &composed, deadline).await?;
        // The message is accepted; whether the server hears the goodbye changes nothing.
        let _ = timeout(GOODBYE, connection.abort()).await;
        Ok(Receipt { id: composed.id })
    }
}

impl<S: Secrets> Smtp<S> {
    async fn credentials(&self, call: &Call<'_>) -> Result<Option<Credentials>, CallError> {
        match &call.connection.auth {
            None => Ok(None),
            Some(Auth::Basic { user, secret: name }) => {
                let password = secret(&*self.secrets, call, name).await?;
                let pair = (user.clone(), password.expose().to_owned());
                Ok(Some(Credentials::new(pair.0, pair.1)))
            }
            Some(_) => Err(misconfigured("an smtp connection needs `auth: { basic }`")),
        }
    }
}

/// Everything up to the server's word that it awaits the message.
async fn offer(
    call: &Call<'_>,
    server: &Server,
    credentials: Option<Credentials>,
    envelope: &Envelope,
) -> Result<AsyncSmtpConnection, CallError> {
    let mut connection = server.connect(call).await?;
    let name = |error| before_the_message(&error, envelope);
    if let Some(credentials) = credentials {
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        let answer = connection.auth(&mechanisms, &credentials).await;
        answer.map_err(name)?;
    }
    let parameters = parameters(&connection, envelope)?;
    let mail = Mail::new(envelope.from().cloned(), parameters);
    connection.command(mail).await.map_err(name)?;
    for to in envelope.to() {
        let recipient = Rcpt::new(to.clone(), Vec::new());
        connection.command(recipient).await.map_err(name)?;
    }
    connection.command(Data).await.map_err(name)?;
    Ok(connection)
}

fn parameters(
    connection: &AsyncSmtpConnection,
    envelope: &Envelope,
) -> Result<Vec<MailParameter>, CallError> {
    let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    if envelope
        .from()
        .into_iter()
        .chain(envelope.to())
        .all(is_ascii)
    {
        return Ok(Vec::new());
    }
    let server = connection.server_info();
    if server.supports_feature(Extension::SmtpUtfEight) {
        Ok(vec![MailParameter::SmtpUtfEight])
    } else {
        let message = "the mail server takes ASCII addresses only";
        Err(refused("SmtpUnsupported", message))
    }
}

async fn deliver(
    connection: &mut AsyncSmtpConnection,
    composed: &Composed,
    deadline: Instant,
) -> Result<(), CallError> {
    match timeout_at(deadline, connection.message(&composed.bytes)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(after_the_message(&error, &composed.envelope)),
        Err(_) => Err(maybe("the mail server did not confirm the message in time")),
    }
}
