//! JSON without what two readers understand differently.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

/// The smallest float that may stand for another whole number than itself.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a text nested at most 128 deep. A name that comes twice in an object and a number that
/// cannot be kept as it is written are mistakes: two events could look like one.
pub(crate) fn read(text: &[u8]) -> Result<Json, serde_json::Error> {
    serde_json::from_slice::<Strict>(text).map(|strict| strict.0)
}

struct Strict(Json);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        i64::try_from(value)
            .map(Json::from)
            .map_err(|_| E::custom("a number has more digits than can be kept"))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        if value.abs() >= EXACT {
            return Err(E::custom("a number has more digits than can be kept"));
        }
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(element)) = elements.next_element()? {
            list.push(element);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom("an object has one name twice"));
            }
            object.insert(name, value);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_readers_understand_differently_is_no_json() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"[{"b":{"a":1,"c":2,"a":1}}]"#,
            "18446744073709551616",
            "9223372036854775808",
            "9007199254740993.0",
            "-1e17",
            "1e400",
            r#""\ud800""#,
            "\"\u{0}\"",
            "{}{}",
            "",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(b"\"\xff\"").is_err());
    }

    #[test]
    fn numbers_that_can_be_kept_are_kept() {
        for text in [
            "9223372036854775807",
            "-9223372036854775808",
            "9007199254740993",
            "0.5",
        ] {
            assert_eq!(read(text.as_bytes()).unwrap().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn all_else_is_read_as_everyone_reads_it(text in r#"[\[\]{}:,"a-c0-9.\\ue-]{0,40}"#) {
            if let Ok(strict) = read(text.as_bytes()) {
                prop_assert_eq!(strict, serde_json::from_str::<Json>(&text).unwrap());
            }
        }
    }
}
