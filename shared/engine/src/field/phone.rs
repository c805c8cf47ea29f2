//! Phone numbers, by the metadata of libphonenumber.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

use super::violation::Fault;

/// A valid number in E.164. A national number needs `region`; an extension is cut, because
/// E.164 has no place for it.
pub(super) fn e164(text: &str, region: Option<&str>) -> Result<String, Fault> {
    let parsed = PHONE_NUMBER_UTIL
        .parse(text, region.and_then(region_named))
        .ok();
    match parsed.filter(rlibphonenumber::PhoneNumber::is_valid) {
        Some(number) => Ok(number.format_as(PhoneNumberFormat::E164).into_owned()),
        None => Err(fault(text, region)),
    }
}

fn fault(text: &str, region: Option<&str>) -> Fault {
    match region {
        Some(region) => Fault::format(&format!("a phone number of {region}, or one with +")),
        None if !text.trim_start().starts_with('+') => {
            let fault = Fault::format("a phone number with its country code");
            fault.hint("start it with `+`, or give the field a `region`")
        }
        None => Fault::format("a phone number with its country code"),
    }
}

fn region_named(name: &str) -> Option<Region> {
    let capitals = name.bytes().all(|b| b.is_ascii_uppercase());
    Region::from_code(name).ok().filter(|_| capitals)
}

/// Whether these two capital letters name a region that has phone numbers.
pub(super) fn is_region(name: &str) -> bool {
    let supported = |region| {
        let mut regions = PHONE_NUMBER_UTIL.get_supported_regions();
        regions.any(|known| known == region)
    };
    region_named(name).is_some_and(supported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_national_number_needs_its_region() {
        let number = Ok("+12015550123".to_owned());
        assert_eq!(e164("(201) 555-0123", Some("US")), number);
        assert_eq!(e164("+1 201 555 0123", None), number);
        assert!(e164("(201) 555-0123", None).unwrap_err().hint.is_some());
    }

    #[test]
    fn a_region_is_two_capital_letters() {
        assert!(is_region("US"));
        for name in ["us", "XX", "USA", "", "001"] {
            assert!(!is_region(name), "{name}");
        }
    }
}
