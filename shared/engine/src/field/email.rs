//! E-mail addresses that a mail provider can deliver to.
//!
//! Where the standards and their readers disagree, the narrow reading holds, because an address
//! that a provider refuses is found too late: no quoted local part, no address literal, no
//! comment, no display name, no local part outside ASCII, at least two labels, and a top-level
//! domain that is not a number. A domain outside ASCII is stored as IDNA writes it. The local
//! part keeps its case: only its own server knows what that means.

use email_address::{EmailAddress, Options};

use super::violation::Fault;

pub(super) const EXPECTED: &str = "an e-mail address such as ann@example.com";

/// The longest address that fits a mail envelope (RFC 5321), in bytes.
const LONGEST: usize = 254;

/// The longest text that can become an address: IDNA may shorten a domain, but not by this much.
const LONGEST_TEXT: usize = 1024;

/// The address with its domain in ASCII lower case.
pub(super) fn normal(text: &str) -> Result<String, Fault> {
    read(text).ok_or_else(|| {
        let fault = Fault::format(EXPECTED);
        match text.trim() {
            trimmed if trimmed != text && read(trimmed).is_some() => {
                fault.hint("remove the space around it")
            }
            _ => fault,
        }
    })
}

fn read(text: &str) -> Option<String> {
    if text.len() > LONGEST_TEXT {
        return None;
    }
    let (local, domain) = text.rsplit_once('@')?;
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    let top = domain.rsplit('.').next()?;
    let address = format!("{local}@{domain}");
    let deliverable = local.is_ascii()
        && !local.starts_with('"')
        && !top.bytes().all(|b| b.is_ascii_digit())
        && address.len() <= LONGEST
        && EmailAddress::parse_with_options(&address, OPTIONS).is_ok();
    deliverable.then_some(address)
}

const OPTIONS: Options = Options {
    minimum_sub_domains: 2,
    allow_domain_literal: false,
    allow_display_text: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_stored_in_lower_case_ascii() {
        for (text, stored) in [
            ("Ann@Example.COM", "Ann@example.com"),
            ("ann@BÜCHER.example", "ann@xn--bcher-kva.example"),
            ("ann+tag@example.com", "ann+tag@example.com"),
        ] {
            assert_eq!(normal(text), Ok(stored.to_owned()));
        }
    }

    #[test]
    fn what_providers_refuse_is_refused() {
        for text in [
            "",
            "ann",
            "ann@",
            "@example.com",
            "ann@localhost",
            "ann@[127.0.0.1]",
            "ann@example.1",
            "\"ann\"@example.com",
            "Ann <ann@example.com>",
            "ann@example.com.",
            "a..b@example.com",
            "jörg@example.com",
            "ann@-example.com",
            "ann@exa_mple.com",
            "ann@example.com\n",
        ] {
            assert!(normal(text).is_err(), "{text}");
        }
    }

    #[test]
    fn space_around_an_address_gets_a_hint() {
        assert!(normal(" ann@example.com").unwrap_err().hint.is_some());
    }
}
