//! Parameters of a form body, as bytes: what was signed is what was sent, whatever its encoding.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode;

/// Each parameter's distinct values, both sorted.
pub(super) type Parameters = BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>;

/// Reads an `application/x-www-form-urlencoded` body.
pub(super) fn parse(body: &[u8]) -> Parameters {
    let mut parameters = Parameters::new();
    for pair in body.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |b| *b == b'=');
        let name = halves.next().unwrap_or_default();
        let value = halves.next().unwrap_or_default();
        parameters
            .entry(decode(name))
            .or_default()
            .insert(decode(value));
    }
    parameters
}

fn decode(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|b| if *b == b'+' { b' ' } else { *b })
        .collect();
    percent_decode(&spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_sorted_and_distinct() {
        let parameters = parse(b"b=2&a=%2B1+x&b=1&&b=2&c");
        let flat: Vec<(&[u8], Vec<&[u8]>)> = parameters
            .iter()
            .map(|(name, values)| (name.as_slice(), values.iter().map(Vec::as_slice).collect()))
            .collect();
        let expected: Vec<(&[u8], Vec<&[u8]>)> = vec![
            (b"a", vec![b"+1 x"]),
            (b"b", vec![b"1", b"2"]),
            (b"c", vec![b""]),
        ];
        assert_eq!(flat, expected);
    }
}
