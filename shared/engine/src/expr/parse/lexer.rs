//! Tokens, by the lexical rules of CEL
//! (<https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>).

use std::ops::Range;

use super::mistake;
use crate::expr::Mistake;

/// A sign comes before the shorter ones that it begins with.
const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "+", "-",
    "*", "/", "%", "!", "<", ">",
];

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    End,
    /// A name, `in`, `true`, `false` or `null`.
    Word,
    Int,
    Unsigned,
    Fraction,
    /// What is between the quotes.
    Text(Quoted),
    Bytes,
    Sign(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quoted {
    pub(super) inside: Range<usize>,
    /// Whether a backslash is a backslash.
    pub(super) raw: bool,
}

/// The token that begins at a byte or behind the blanks and comments there.
pub(super) fn token(source: &str, at: usize) -> Result<Token, Mistake> {
    let rest = source.get(at..).unwrap_or_default();
    let lexer = Lexer {
        source,
        start: source.len() - after_blanks(rest).len(),
    };
    lexer.token()
}

/// What follows blanks and comments.
fn after_blanks(mut rest: &str) -> &str {
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
        match rest.strip_prefix("//") {
            Some(comment) => rest = comment.trim_start_matches(|c| c != '\n'),
            None => return rest,
        }
    }
}

struct Lexer<'s> {
    source: &'s str,
    start: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.start..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> u8 {
        let byte = self.source.as_bytes().get(self.start + ahead);
        byte.copied().unwrap_or_default()
    }

    fn token(&self) -> Result<Token, Mistake> {
        match (self.byte(0), self.byte(1)) {
            (b'\'' | b'"', _) => self.text(0),
            (b'r' | b'R' | b'b' | b'B', b'\'' | b'"') => self.text(1),
            (b'b' | b'B', b'r' | b'R') if matches!(self.byte(2), b'\'' | b'"') => self.text(2),
            (b'a'..=b'z' | b'A'..=b'Z' | b'_', _) => Ok(self.word()),
            (b'0'..=b'9', _) | (b'.', b'0'..=b'9') => Ok(self.number()),
            _ => self.sign(),
        }
    }

    fn made(&self, kind: Kind, length: usize) -> Token {
        let span = self.start..self.start + length;
        Token { kind, span }
    }

    fn word(&self) -> Token {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        self.made(Kind::Word, end.unwrap_or(rest.len()))
    }

    fn number(&self) -> Token {
        let hex_digits = self.digits(2, u8::is_ascii_hexdigit);
        let (kind, length) = if self.rest().starts_with("0x") && hex_digits > 0 {
            (Kind::Int, 2 + hex_digits)
        } else {
            self.decimal()
        };
        match (&kind, self.byte(length)) {
            (Kind::Int, b'u' | b'U') => self.made(Kind::Unsigned, length + 1),
            _ => self.made(kind, length),
        }
    }

    fn decimal(&self) -> (Kind, usize) {
        let digits = |from| self.digits(from, u8::is_ascii_digit);
        let (mut kind, mut length) = (Kind::Int, digits(0));
        if self.byte(length) == b'.' && digits(length + 1) > 0 {
            kind = Kind::Fraction;
            length += 1 + digits(length + 1);
        }
        if matches!(self.byte(length), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(length + 1), b'+' | b'-'));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                return (Kind::Fraction, length + 1 + sign + exponent);
            }
        }
        (kind, length)
    }

    /// How many digits follow.
    fn digits(&self, from: usize, digit: fn(&u8) -> bool) -> usize {
        let bytes = self.source.as_bytes().get(self.start + from..);
        bytes
            .unwrap_or_default()
            .iter()
            .take_while(|byte| digit(byte))
            .count()
    }

    /// A text behind `prefix` letters.
    fn text(&self, prefix: usize) -> Result<Token, Mistake> {
        let letters = self.rest().get(..prefix).unwrap_or_default();
        let raw = letters.contains(['r', 'R']);
        let quote = self.byte(prefix);
        let triple = self.byte(prefix + 1) == quote && self.byte(prefix + 2) == quote;
        let width = if triple { 3 } else { 1 };
        let mut at = prefix + width;
        loop {
            match self.byte(at) {
                0 if self.start + at >= self.source.len() => break,
                b'\n' | b'\r' if !triple => break,
                b'\\' if !raw => at += 2,
                byte if byte == quote && (!triple || self.triple(at, quote)) => {
                    let inside = self.start + prefix + width..self.start + at;
                    let kind = if letters.contains(['b', 'B']) {
                        Kind::Bytes
                    } else {
                        Kind::Text(Quoted { inside, raw })
                    };
                    return Ok(self.made(kind, at + width));
                }
                _ => at += 1,
            }
        }
        let end = (self.start + at).min(self.source.len());
        let help = format!("end it with `{}`", char::from(quote));
        Err(mistake(
            self.start..end,
            "the text is not closed",
            Some(&help),
        ))
    }

    fn triple(&self, at: usize, quote: u8) -> bool {
        self.byte(at + 1) == quote && self.byte(at + 2) == quote
    }

    fn sign(&self) -> Result<Token, Mistake> {
        let rest = self.rest();
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            return Ok(self.made(Kind::Sign(sign), sign.len()));
        }
        let Some(wrong) = rest.chars().next() else {
            return Ok(self.made(Kind::End, 0));
        };
        let (message, help) = match wrong {
            '=' => ("`=` does not compare".to_owned(), Some("write `==`")),
            '&' => ("`&` is no operator".to_owned(), Some("write `&&`")),
            '|' => ("`|` is no operator".to_owned(), Some("write `||`")),
            _ => (format!("`{wrong}` is not expected here"), None),
        };
        let span = self.start..self.start + wrong.len_utf8();
        Err(mistake(span, &message, help))
    }
}
