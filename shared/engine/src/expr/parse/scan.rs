//! A scan before the parser: brackets that pair, texts that end, and nesting that no stack fears.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::expr::Mistake;

/// The longest source, in bytes.
const MAX_LEN: usize = 64 * 1024;
/// How deep brackets may nest.
const MAX_NESTING: usize = 24;
/// How many operators and selections may hang on each other, over all open brackets.
const MAX_CHAIN: usize = 90;

/// Returns where each opening bracket closes, or the first mistake.
pub(super) fn scan(source: &str) -> Result<BTreeMap<usize, usize>, Mistake> {
    if source.len() > MAX_LEN {
        return Err(mistake(
            0..source.len(),
            "the expression is longer than 64 KiB",
            None,
        ));
    }
    if source.trim().is_empty() {
        return Err(mistake(0..source.len(), "the expression is empty", None));
    }
    Scan {
        source,
        at: 0,
        open: Vec::new(),
        pairs: BTreeMap::new(),
        chain: 0,
        base: 0,
    }
    .run()
}

fn mistake(span: Range<usize>, message: &str, help: Option<&str>) -> Mistake {
    Mistake {
        span,
        message: message.to_owned(),
        help: help.map(str::to_owned),
    }
}

struct Open {
    at: usize,
    closes: u8,
    /// The chain outside, which goes on after the bracket.
    chain: usize,
    /// The base outside.
    base: usize,
}

struct Scan<'s> {
    source: &'s str,
    at: usize,
    open: Vec<Open>,
    pairs: BTreeMap<usize, usize>,
    chain: usize,
    /// What the chain starts again from after `&&` and `||`: the bracket and the choices in it.
    base: usize,
}

impl Scan<'_> {
    fn run(mut self) -> Result<BTreeMap<usize, usize>, Mistake> {
        while let Some(byte) = self.byte(0) {
            self.token(byte)?;
        }
        match self.open.pop() {
            None => Ok(self.pairs),
            Some(open) => Err(self.unclosed(&open)),
        }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.at + ahead).copied()
    }

    fn token(&mut self, byte: u8) -> Result<(), Mistake> {
        match byte {
            b'\'' | b'"' => self.text(),
            b'r' | b'R' | b'b' | b'B' if self.quoted() => self.text(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'(' => self.opens(b')'),
            b'[' => self.opens(b']'),
            b'{' => self.opens(b'}'),
            b')' | b']' | b'}' => self.closes(byte),
            b'/' if self.byte(1) == Some(b'/') => {
                self.comment();
                Ok(())
            }
            b'&' | b'|' => self.logic(byte),
            b'=' => self.equals(),
            b',' => {
                self.next_argument();
                Ok(())
            }
            b'?' => self.choice(),
            b'+' | b'-' | b'*' | b'/' | b'%' | b'.' | b'!' | b'<' | b'>' => self.link(),
            _ => {
                self.at += 1;
                Ok(())
            }
        }
    }

    fn word(&mut self) -> Result<(), Mistake> {
        let start = self.at;
        while self
            .byte(0)
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            self.at += 1;
        }
        if self.source.get(start..self.at) == Some("in") {
            self.lengthen()
        } else {
            Ok(())
        }
    }

    fn comment(&mut self) {
        while self.byte(0).is_some_and(|b| b != b'\n') {
            self.at += 1;
        }
    }

    fn link(&mut self) -> Result<(), Mistake> {
        self.lengthen()?;
        let two = self
            .byte(0)
            .is_some_and(|b| matches!(b, b'!' | b'<' | b'>'));
        self.at += if two && self.byte(1) == Some(b'=') {
            2
        } else {
            1
        };
        Ok(())
    }

    /// The branches of a choice nest in each other, whatever is between them.
    fn choice(&mut self) -> Result<(), Mistake> {
        self.base += 1;
        self.link()
    }

    fn lengthen(&mut self) -> Result<(), Mistake> {
        self.chain += 1;
        if self.chain.max(self.base) <= MAX_CHAIN {
            return Ok(());
        }
        let help = "give parts of it names with `let`";
        let span = self.at..self.at + 1;
        Err(mistake(
            span,
            "the expression is too long to follow",
            Some(help),
        ))
    }

    fn next_argument(&mut self) {
        self.base = self.open.last().map_or(0, |open| open.chain);
        self.chain = self.base;
        self.at += 1;
    }

    fn logic(&mut self, byte: u8) -> Result<(), Mistake> {
        if self.byte(1) == Some(byte) {
            self.chain = self.base;
            self.at += 2;
            return Ok(());
        }
        let sign = char::from(byte);
        let (message, help) = (
            format!("`{sign}` is no operator"),
            format!("write `{sign}{sign}`"),
        );
        Err(mistake(self.at..self.at + 1, &message, Some(&help)))
    }

    fn equals(&mut self) -> Result<(), Mistake> {
        if self.byte(1) == Some(b'=') {
            self.lengthen()?;
            self.at += 2;
            return Ok(());
        }
        Err(mistake(
            self.at..self.at + 1,
            "`=` does not compare",
            Some("write `==`"),
        ))
    }

    fn opens(&mut self, closes: u8) -> Result<(), Mistake> {
        if self.open.len() == MAX_NESTING {
            let help = "give parts of it names with `let`";
            let span = self.at..self.at + 1;
            return Err(mistake(
                span,
                "the expression is nested too deep",
                Some(help),
            ));
        }
        self.lengthen()?;
        self.open.push(Open {
            at: self.at,
            closes,
            chain: self.chain,
            base: self.base,
        });
        self.base = self.chain;
        self.at += 1;
        Ok(())
    }

    fn closes(&mut self, byte: u8) -> Result<(), Mistake> {
        match self.open.pop() {
            Some(open) if open.closes == byte => {
                self.pairs.insert(open.at, self.at);
                self.chain = open.chain;
                self.base = open.base;
                self.at += 1;
                Ok(())
            }
            Some(open) => Err(self.unclosed(&open)),
            None => {
                let message = format!("`{}` closes nothing", char::from(byte));
                Err(mistake(self.at..self.at + 1, &message, None))
            }
        }
    }

    fn unclosed(&self, open: &Open) -> Mistake {
        let sign = self.source.get(open.at..=open.at).unwrap_or_default();
        let help = format!("add `{}`", char::from(open.closes));
        mistake(
            open.at..open.at + 1,
            &format!("`{sign}` is not closed"),
            Some(&help),
        )
    }

    /// Whether a letter begins a raw or a bytes text.
    fn quoted(&self) -> bool {
        let quote = |byte: Option<u8>| matches!(byte, Some(b'\'' | b'"'));
        let letter = matches!(self.byte(1), Some(b'r' | b'R' | b'b' | b'B'));
        quote(self.byte(1)) || (letter && quote(self.byte(2)))
    }

    fn text(&mut self) -> Result<(), Mistake> {
        let start = self.at;
        let mut raw = false;
        while let Some(letter) = self.byte(0).filter(u8::is_ascii_alphabetic) {
            raw |= letter.eq_ignore_ascii_case(&b'r');
            self.at += 1;
        }
        let quote = self.byte(0).unwrap_or_default();
        let triple = self.byte(1) == Some(quote) && self.byte(2) == Some(quote);
        let width = if triple { 3 } else { 1 };
        self.at += width;
        while let Some(byte) = self.byte(0) {
            if byte == quote && (!triple || self.closes_triple(quote)) {
                self.at += width;
                return Ok(());
            }
            self.at += if byte == b'\\' && !raw { 2 } else { 1 };
        }
        let help = format!("end it with `{}`", char::from(quote));
        Err(mistake(
            start..self.source.len(),
            "the text is not closed",
            Some(&help),
        ))
    }

    fn closes_triple(&self, quote: u8) -> bool {
        self.byte(1) == Some(quote) && self.byte(2) == Some(quote)
    }
}
