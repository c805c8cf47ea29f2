//! What a written text means: its escapes, by the rules of CEL
//! (<https://github.com/google/cel-spec/blob/master/doc/langdef.md#string-and-bytes-values>).

use super::lexer::Quoted;
use super::mistake;
use crate::expr::Mistake;

/// The characters of a text.
pub(super) fn unquoted(inside: &str, quoted: &Quoted) -> Result<String, Mistake> {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(next) = rest.chars().next() {
        let at = quoted.inside.start + inside.len() - rest.len();
        let length = match next {
            '\\' if !quoted.raw => {
                let (meant, length) = escape(rest).ok_or_else(|| unknown(at, rest))?;
                text.push(meant);
                length
            }
            // A line ends in one character, however the file writes it.
            '\r' => {
                text.push('\n');
                if rest.starts_with("\r\n") { 2 } else { 1 }
            }
            plain => {
                text.push(plain);
                plain.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(text)
}

fn unknown(at: usize, rest: &str) -> Mistake {
    let escape: String = rest.chars().take(2).collect();
    let message = format!("`{escape}` is no character");
    let help = r"write `\\` for a backslash";
    mistake(at..at + escape.len(), &message, Some(help))
}

/// The character that an escape means, and how many bytes it takes.
fn escape(rest: &str) -> Option<(char, usize)> {
    let simple = |meant| Some((meant, 2));
    match rest.as_bytes().get(1)? {
        b'a' => simple('\u{7}'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'v' => simple('\u{b}'),
        same @ (b'\\' | b'?' | b'"' | b'\'' | b'`') => simple(char::from(*same)),
        b'x' | b'X' => numbered(rest, 2..4, 16),
        b'u' => numbered(rest, 2..6, 16),
        b'U' => numbered(rest, 2..10, 16),
        b'0'..=b'3' => numbered(rest, 1..4, 8),
        _ => None,
    }
}

/// The character of a number whose digits are these bytes.
fn numbered(rest: &str, at: std::ops::Range<usize>, radix: u32) -> Option<(char, usize)> {
    let end = at.end;
    let digits = rest
        .get(at)
        .filter(|digits| digits.chars().all(|c| c.is_digit(radix)))?;
    let number = u32::from_str_radix(digits, radix).ok()?;
    Some((char::from_u32(number)?, end))
}
