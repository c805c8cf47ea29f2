//! How calls authenticate.

use super::ValueExpression;

/// How calls authenticate; every value is the name of a secret.
#[derive(Debug, Clone)]
pub enum Auth {
    /// `Authorization: Bearer <secret>`.
    Bearer(String),
    /// `Authorization: Basic`.
    Basic {
        /// The user, as written.
        user: String,
        /// The name of the secret.
        secret: String,
    },
    /// A header of its own.
    Header {
        /// The header's name.
        name: String,
        /// The name of the secret.
        secret: String,
    },
    /// `Authorization: Bearer` with a token that is fetched for this client.
    OAuth2(Box<OAuth2>),
}

impl Auth {
    /// The names of its secrets.
    pub fn secret_names(&self) -> impl Iterator<Item = &String> {
        let (first, second) = match self {
            Self::Bearer(secret) | Self::Basic { secret, .. } | Self::Header { secret, .. } => {
                (secret, None)
            }
            Self::OAuth2(client) => (&client.secret, client.refresh.as_ref()),
        };
        std::iter::once(first).chain(second)
    }
}

/// A client of an authorization server, as RFC 6749 has it.
#[derive(Debug, Clone)]
pub struct OAuth2 {
    /// Where tokens are issued.
    pub token_url: ValueExpression,
    /// The client's identifier.
    pub client_id: ValueExpression,
    /// The name of the client's secret.
    pub secret: String,
    /// The name of the secret that holds a refresh token, which is the grant then; `None`: the
    /// client's own credentials are.
    pub refresh: Option<String>,
    /// What is asked for; empty: what the server gives by itself.
    pub scopes: Vec<String>,
    /// Where a request for a token has the client's credentials.
    pub credentials: Credentials,
}

/// Where a request for a token has the client's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Credentials {
    /// In `Authorization: Basic`, which every server takes.
    #[default]
    Header,
    /// In the form, for servers that take nothing else.
    Body,
}
