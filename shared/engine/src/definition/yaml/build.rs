//! Parser events to a tree, without recursion, so that no input can exhaust the stack.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::super::document::{Document, Finding};
use super::{Data, Member, Node, Scalar};

/// Deeper nesting than any definition needs.
const MAX_DEPTH: usize = 40;

/// Byte offsets of characters: the parser counts characters.
pub(super) struct Offsets(Vec<usize>);

impl Offsets {
    pub(super) fn new(text: &str) -> Self {
        Self(
            text.char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .collect(),
        )
    }

    pub(super) fn byte(&self, index: usize) -> usize {
        let last = self.0.last().copied().unwrap_or(0);
        self.0.get(index).copied().unwrap_or(last)
    }

    fn range(&self, span: &Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }
}

/// Why there is no tree.
pub(super) enum Failure {
    /// The parser gave up.
    Syntax(ScanError),
    /// The text is YAML but no definition; it is reported.
    Reported,
}

/// A collection whose end has not come yet.
enum Open {
    List {
        start: usize,
        nodes: Vec<Node>,
    },
    Map {
        start: usize,
        members: Vec<Member>,
        key: Option<Node>,
    },
}

pub(super) struct Builder<'a> {
    document: &'a Document,
    text: &'a str,
    offsets: &'a Offsets,
    broken: &'a [Range<usize>],
    open: Vec<Open>,
    root: Option<Node>,
}

impl<'a> Builder<'a> {
    /// A builder for `text`, the document's with `broken` ranges blotted out.
    pub(super) fn new(
        document: &'a Document,
        text: &'a str,
        offsets: &'a Offsets,
        broken: &'a [Range<usize>],
    ) -> Self {
        Self {
            document,
            text,
            offsets,
            broken,
            open: Vec::new(),
            root: None,
        }
    }

    pub(super) fn build(mut self) -> Result<Option<Node>, Failure> {
        let mut parser = Parser::<StrInput<'_>>::new_from_str(self.text);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(Failure::Syntax)?;
            let range = self.offsets.range(&span);
            self.take(event, range)?;
        }
        Ok(self.root)
    }

    fn take(&mut self, event: Event<'_>, range: Range<usize>) -> Result<(), Failure> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, range.clone());
                let node = if tag.is_some() || anchor > 0 {
                    self.unsupported(range)
                } else {
                    node
                };
                self.add(node)
            }
            Event::Alias(_) => {
                let node = self.unsupported(range);
                self.add(node)
            }
            Event::SequenceStart(..) => self.start(
                Open::List {
                    start: range.start,
                    nodes: Vec::new(),
                },
                range,
            ),
            Event::MappingStart(..) => {
                let (start, members) = (range.start, Vec::new());
                self.start(
                    Open::Map {
                        start,
                        members,
                        key: None,
                    },
                    range,
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(range.end),
            _ => Ok(()),
        }
    }

    fn start(&mut self, open: Open, range: Range<usize>) -> Result<(), Failure> {
        if self.open.len() >= MAX_DEPTH {
            let finding = Finding::error("TooDeep", range, "nested too deeply for a definition");
            self.document
                .report(finding.help(format!("at most {MAX_DEPTH} levels")));
            return Err(Failure::Reported);
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, end: usize) -> Result<(), Failure> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let node = match open {
            Open::List { start, nodes } => Node {
                span: start..end.max(start),
                data: Data::List(nodes),
            },
            Open::Map { start, members, .. } => Node {
                span: start..end.max(start),
                data: Data::Map(members),
            },
        };
        let node = Node {
            span: self.trim(node.span.clone()),
            ..node
        };
        self.add(node)
    }

    /// A block's end is where the next one begins: cuts the space between.
    fn trim(&self, span: Range<usize>) -> Range<usize> {
        let text = self.text.get(span.clone()).unwrap_or("");
        span.start..span.start + text.trim_end().len()
    }

    fn add(&mut self, node: Node) -> Result<(), Failure> {
        match self.open.last_mut() {
            None if self.root.is_some() => {
                let finding = Finding::error(
                    "SecondDocument",
                    first_line(self.text, node.span),
                    "a second YAML document",
                );
                self.document
                    .report(finding.help("write one definition in one file"));
                return Err(Failure::Reported);
            }
            None => self.root = Some(node),
            Some(Open::List { nodes, .. }) => nodes.push(node),
            Some(Open::Map { members, key, .. }) => match key.take() {
                None => *key = Some(node),
                Some(key) => add_member(self.document, self.text, members, key, node),
            },
        }
        Ok(())
    }

    fn scalar(&self, text: &str, style: ScalarStyle, range: Range<usize>) -> Node {
        let range = self.trim(range);
        if self.broken.iter().any(|broken| broken.start == range.start) {
            return Node {
                span: range,
                data: Data::Broken,
            };
        }
        let plain = style == ScalarStyle::Plain;
        let source = self.text.get(range.clone()).unwrap_or("");
        let quote = usize::from(!plain);
        let inner = source
            .get(quote..source.len().saturating_sub(quote))
            .unwrap_or("");
        let exact = (inner == text).then_some(range.start + quote);
        Node {
            span: range,
            data: Data::Scalar(Scalar {
                text: text.to_owned(),
                plain,
                exact,
            }),
        }
    }

    /// A tag, an anchor or an alias: mostly an expression that begins with `!`, `&` or `*`.
    fn unsupported(&self, range: Range<usize>) -> Node {
        let finding = super::traps::tag(self.text, range.clone());
        self.document.report(finding);
        Node {
            span: range,
            data: Data::Broken,
        }
    }
}

fn add_member(document: &Document, text: &str, members: &mut Vec<Member>, key: Node, value: Node) {
    let Some(name) = key.text().map(str::to_owned) else {
        let template = text
            .get(..key.span.start)
            .is_some_and(|before| before.ends_with('{'));
        if !key.is_broken() && !template {
            document.report(super::traps::key(text, &key));
        }
        return;
    };
    if let Some(first) = members.iter().find(|member| member.key == name) {
        let line = text
            .get(..first.key_span.start)
            .unwrap_or("")
            .matches('\n')
            .count()
            + 1;
        let message = format!("the key `{name}` is given twice");
        let finding = Finding::error("DuplicateKey", key.span, message)
            .label("the second one")
            .help(format!("keep one of them; the first is on line {line}"));
        return document.report(finding);
    }
    members.push(Member {
        key: name,
        key_span: key.span,
        value,
    });
}

fn first_line(text: &str, span: Range<usize>) -> Range<usize> {
    let length = text
        .get(span.clone())
        .and_then(|text| text.lines().next())
        .map_or(0, str::len);
    span.start..span.start + length
}
