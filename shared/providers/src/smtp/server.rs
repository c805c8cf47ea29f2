//! The mail server of a connection.

use holdfast_engine::port::{Call, CallError};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use url::Url;

use crate::failure::{misconfigured, not_sent};
use crate::{address, settings};

/// Where a mail server is, and how its connection is protected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Server {
    host: String,
    port: u16,
    protection: Protection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protection {
    /// TLS from the first byte: `smtps://`.
    Tls,
    /// Upgraded by STARTTLS, or nothing is sent: `smtp://`.
    StartTls,
    /// A server in one's own network, by `?tls=none`.
    None,
}

impl Server {
    /// Reads the connection's `url`: `smtps://host`, `smtp://host:587`, and for a private server
    /// `smtp://host:25?tls=none`.
    pub(super) fn of(call: &Call<'_>) -> Result<Self, CallError> {
        let text = settings::required(call, call.connection.url.as_ref(), "url")?;
        read(&text, call.connection.private).ok_or_else(|| {
            misconfigured("the connection's `url` is not `smtps://host` or `smtp://host:587`")
        })
    }

    /// Connects and greets.
    pub(super) async fn connect(&self, call: &Call<'_>) -> Result<AsyncSmtpConnection, CallError> {
        let private = call.connection.private;
        let addresses = address::resolve(&self.host, self.port, private).await?;
        let hello = ClientId::default();
        let tls = || TlsParameters::new(self.host.clone());
        let opened = async {
            let wrapper = match self.protection {
                Protection::Tls => Some(tls()?),
                Protection::StartTls | Protection::None => None,
            };
            let time = Some(call.timeout);
            let mut connection = AsyncSmtpConnection::connect_tokio1(
                addresses.as_slice(),
                time,
                &hello,
                wrapper,
                None,
            )
            .await?;
            if self.protection == Protection::StartTls {
                connection.starttls(tls()?, &hello).await?;
            }
            Ok(connection)
        };
        opened
            .await
            .map_err(|error: Error| not_sent(format!("no connection to the mail server: {error}")))
    }
}

fn read(text: &str, private: bool) -> Option<Server> {
    let url = Url::parse(text).ok()?;
    let (port, protection) = match (url.scheme(), url.query()) {
        ("smtps", None) => (465, Protection::Tls),
        ("smtp", None) => (587, Protection::StartTls),
        ("smtp", Some("tls=none")) if private => (25, Protection::None),
        _ => return None,
    };
    let is_bare = url.username().is_empty() && url.password().is_none();
    let host = url.host_str().filter(|_| is_bare)?;
    Some(Server {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(port),
        protection,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(host: &str, port: u16, protection: Protection) -> Server {
        Server {
            host: host.to_owned(),
            port,
            protection,
        }
    }

    #[test]
    fn the_scheme_says_how_the_connection_is_protected() {
        let cases = [
            (
                "smtps://a.example",
                Some(server("a.example", 465, Protection::Tls)),
            ),
            (
                "smtp://a.example",
                Some(server("a.example", 587, Protection::StartTls)),
            ),
            (
                "smtp://a.example:2525",
                Some(server("a.example", 2525, Protection::StartTls)),
            ),
            ("smtps://[::1]", Some(server("::1", 465, Protection::Tls))),
            ("smtp://a.example?tls=none", None),
            ("smtps://u:p@a.example", None),
            ("https://a.example", None),
            ("a.example", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text, false), expected, "{text}");
        }
    }

    #[test]
    fn only_a_private_server_goes_without_protection() {
        let text = "smtp://10.0.0.1?tls=none";
        assert_eq!(read(text, false), None);
        assert_eq!(
            read(text, true),
            Some(server("10.0.0.1", 25, Protection::None))
        );
    }
}
