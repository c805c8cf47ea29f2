//! The schemes by name, with the policy that each one's documentation gives.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::generic::Generic;
use super::secret::{InvalidSecret, Secret};
use super::webhook_key::WebhookKey;

/// How a source's provider signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Standard Webhooks: HMAC-SHA256 (`v1`) or Ed25519 (`v1a`) over id, time and body.
    StandardWebhooks,
    /// Svix: Standard Webhooks under its own headers.
    Svix,
    /// Stripe: `Stripe-Signature: t=…,v1=…`.
    Stripe,
    /// Calendly: `Calendly-Webhook-Signature: t=…,v1=…`.
    Calendly,
    /// Twilio: HMAC-SHA1 over the public URL and the form's parameters.
    Twilio,
    /// GitHub: `X-Hub-Signature-256`.
    Github,
    /// Slack: `X-Slack-Signature`.
    Slack,
    /// Shopify: `X-Shopify-Hmac-Sha256`.
    Shopify,
    /// `HubSpot` version 1: SHA-256 of secret and body.
    HubspotV1,
    /// `HubSpot` version 2: SHA-256 of secret, method, public URL and body.
    HubspotV2,
    /// `HubSpot` version 3: `X-HubSpot-Signature-v3`, HMAC-SHA256 with a clock.
    HubspotV3,
    /// An HMAC under settings of the author's.
    Hmac(Generic),
    /// Nothing is checked.
    None,
}

/// A name that is no scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a signature scheme")]
pub struct UnknownScheme(pub String);

impl Scheme {
    /// Every scheme, in the order in which documentation lists them.
    pub const ALL: &[Self] = &[
        Self::StandardWebhooks,
        Self::Svix,
        Self::Stripe,
        Self::Calendly,
        Self::Twilio,
        Self::Github,
        Self::Slack,
        Self::Shopify,
        Self::HubspotV1,
        Self::HubspotV2,
        Self::HubspotV3,
        Self::Hmac(Generic::UNSET),
        Self::None,
    ];

    /// The name in definitions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::StandardWebhooks => "standard-webhooks",
            Self::Svix => "svix",
            Self::Stripe => "stripe",
            Self::Calendly => "calendly",
            Self::Twilio => "twilio",
            Self::Github => "github",
            Self::Slack => "slack",
            Self::Shopify => "shopify",
            Self::HubspotV1 => "hubspot-v1",
            Self::HubspotV2 => "hubspot-v2",
            Self::HubspotV3 => "hubspot-v3",
            Self::Hmac(_) => "hmac",
            Self::None => "none",
        }
    }

    /// How far the time of signing may be from now; zero where the scheme has no clock.
    #[must_use]
    pub fn tolerance(self) -> Duration {
        match self {
            Self::StandardWebhooks | Self::Svix | Self::Stripe | Self::Slack | Self::HubspotV3 => {
                Duration::from_mins(5)
            }
            Self::Hmac(generic) if generic.timestamp.is_some() => Duration::from_mins(5),
            Self::Calendly => Duration::from_mins(3),
            Self::Twilio
            | Self::Github
            | Self::Shopify
            | Self::HubspotV1
            | Self::HubspotV2
            | Self::Hmac(_)
            | Self::None => Duration::ZERO,
        }
    }

    /// Whether signatures of this scheme age, so that `tolerance` means something.
    #[must_use]
    pub fn has_clock(self) -> bool {
        !self.tolerance().is_zero()
    }

    /// Whether the public URL is signed, so that it must be known.
    #[must_use]
    pub fn signs_url(self) -> bool {
        matches!(self, Self::Twilio | Self::HubspotV2 | Self::HubspotV3)
    }

    /// Checks at start-up that the scheme can use this secret.
    ///
    /// # Errors
    /// [`InvalidSecret`] with what the scheme expects.
    pub fn check_secret(self, secret: &Secret) -> Result<(), InvalidSecret> {
        match self {
            Self::StandardWebhooks | Self::Svix => WebhookKey::read(secret).map(drop),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(text: &str) -> Result<Self, UnknownScheme> {
        let named = Self::ALL.iter().find(|scheme| scheme.name() == text);
        named.copied().ok_or_else(|| UnknownScheme(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_reads_back_from_its_name() {
        for scheme in Scheme::ALL {
            assert_eq!(scheme.to_string().parse(), Ok(*scheme));
        }
        assert!("Stripe".parse::<Scheme>().is_err());
    }

    #[test]
    fn standard_webhooks_wants_a_key_in_base64() {
        let check = |text: &str| Scheme::StandardWebhooks.check_secret(&Secret::new(text).unwrap());
        assert_eq!(check("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Ok(()));
        assert!(check("whsec_not base64").is_err());
        let plain = Secret::new("whsec_not base64").unwrap();
        assert_eq!(Scheme::Stripe.check_secret(&plain), Ok(()));
    }
}
