//! Who has asked not to be written to: a tenant's list of addresses, by keyed hash, that its
//! sources feed and that every step obeys that sends.

mod list;
mod state;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::field::{Field, Kind, accept};
use crate::name::TenantName;
use crate::port::{Definitions, DefinitionsError, Ports};

pub use list::{Listed, find, hear, listed};
pub(crate) use list::{item_key, look};
pub(crate) use state::by_hand;
pub use state::{Heard, Suppression, Wish, after};

/// A way of writing to people that they may stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Text messages, whatever they are about.
    Sms,
    /// Mail.
    Email,
}

impl Channel {
    /// Every channel's word, in definitions.
    pub const WORDS: [&'static str; 2] = ["sms", "email"];

    /// The channel that a definition calls by this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "sms" => Some(Self::Sms),
            "email" => Some(Self::Email),
            _ => None,
        }
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Email => "email",
        }
    }

    /// An address in the one form that the list knows it by: that of a field, in lower case;
    /// `None`: it is no address of this channel.
    #[must_use]
    pub fn address(self, text: &str) -> Option<String> {
        let kind = match self {
            Self::Sms => Kind::Phone,
            Self::Email => Kind::Email,
        };
        let accepted = accept(&Field::of(kind), &Json::from(text.trim())).ok()?;
        Some(accepted.as_str()?.to_lowercase())
    }
}

/// Whom a step writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addressed {
    /// How.
    pub channel: Channel,
    /// The member of its input that is the address.
    pub member: &'static str,
    /// The member of its input, and its value, by which it may be sent all the same.
    pub exempt: Option<(&'static str, &'static str)>,
}

impl Addressed {
    /// The address that an input asks to write to, where the list has a say in it.
    #[must_use]
    pub fn address(&self, input: &Json) -> Option<String> {
        let text = |name: &str| input.get(name).and_then(Json::as_str);
        let exempt = self.exempt;
        if exempt.is_some_and(|(member, value)| text(member) == Some(value)) {
            return None;
        }
        self.channel.address(text(self.member)?)
    }
}

/// Whether any source of a tenant lets people opt out of a channel: where none does, nobody looks.
///
/// # Errors
/// [`DefinitionsError`] when what is live cannot be read.
pub async fn is_offered<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    channel: Channel,
) -> Result<bool, DefinitionsError> {
    let packs = ports.definitions().live(tenant).await?.unwrap_or_default();
    let mut sources = packs.iter().flat_map(|pack| pack.sources.values());
    Ok(sources.any(|source| {
        let opt_out = source.opt_out.as_ref();
        opt_out.is_some_and(|opt_out| opt_out.channel == channel)
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MAIL: Addressed = Addressed {
        channel: Channel::Email,
        member: "to",
        exempt: Some(("kind", "transactional")),
    };

    #[test]
    fn an_address_has_one_form() {
        let sms = |text| Channel::Sms.address(text);
        assert_eq!(sms("+1 (202) 555-0142").as_deref(), Some("+12025550142"));
        assert_eq!(sms(" +12025550142 ").as_deref(), Some("+12025550142"));
        assert_eq!((sms("202 555 0142"), sms("STOP")), (None, None));
        let email = |text| Channel::Email.address(text);
        assert_eq!(email("Ann@Example.COM").as_deref(), Some("ann@example.com"));
        assert_eq!(email("ann"), None);
    }

    #[test]
    fn what_is_exempt_asks_nobody() {
        let asks = |input: Json| MAIL.address(&input);
        let ann = Some("ann@example.com".to_owned());
        assert_eq!(asks(json!({ "to": "ann@example.com" })), ann);
        assert_eq!(
            asks(json!({ "to": "ann@example.com", "kind": "marketing" })),
            ann
        );
        assert_eq!(
            asks(json!({ "to": "ann@example.com", "kind": "transactional" })),
            None
        );
        assert_eq!(asks(json!({ "to": 5 })), None);
    }
}
