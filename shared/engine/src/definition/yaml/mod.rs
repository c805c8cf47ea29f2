//! YAML text as a tree whose nodes know where they stand; every key once, no anchors, no tags.

mod build;
mod recover;
mod traps;

use std::ops::Range;

use super::document::Document;
pub(crate) use traps::quoted;

/// A node of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Byte range in the document.
    pub(crate) span: Range<usize>,
    pub(crate) data: Data,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Member>),
    /// A mistake that is reported already: whoever meets it stays silent.
    Broken,
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

/// A scalar as the parser read it.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Whether it stands without quotes, so that `5` is a number.
    pub(crate) plain: bool,
    /// Where `text` stands in the document, when it stands there character for character.
    pub(crate) exact: Option<usize>,
}

impl Node {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.member(key).map(|member| &member.value)
    }

    pub(crate) fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.key == key)
    }

    pub(crate) fn members(&self) -> &[Member] {
        match &self.data {
            Data::Map(members) => members,
            _ => &[],
        }
    }

    /// The elements of a list; a single node is a list of itself.
    pub(crate) fn elements(&self) -> &[Node] {
        match &self.data {
            Data::List(nodes) => nodes,
            Data::Broken => &[],
            _ => std::slice::from_ref(self),
        }
    }

    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.data {
            Data::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar, quoted or not.
    pub(crate) fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }

    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.data, Data::Broken)
    }

    pub(crate) fn is_null(&self) -> bool {
        self.scalar().is_some_and(|scalar| {
            scalar.plain && matches!(scalar.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
        })
    }

    /// Where this part of the scalar's text stands in the document; the whole scalar where
    /// escapes or folded lines hide it.
    pub(crate) fn locate(&self, document: &str, part: Range<usize>) -> Range<usize> {
        if let Some(start) = self.scalar().and_then(|scalar| scalar.exact) {
            return start + part.start..start + part.end;
        }
        self.only_place(document, part)
            .unwrap_or_else(|| self.span.clone())
    }

    /// Where a part stands that the scalar's source holds once.
    fn only_place(&self, document: &str, part: Range<usize>) -> Option<Range<usize>> {
        let wanted = self.text()?.get(part)?;
        let source = document.get(self.span.clone())?;
        let mut places = source
            .match_indices(wanted)
            .map(|(at, _)| self.span.start + at);
        let place = places.next().filter(|_| !wanted.is_empty())?;
        places
            .next()
            .is_none()
            .then_some(place..place + wanted.len())
    }
}

/// Reads a document; what is wrong with its syntax is reported there. `None` when nothing of it
/// can be read.
pub(crate) fn parse(document: &Document) -> Option<Node> {
    recover::parse(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Node>, Vec<&'static str>) {
        let document = Document::new("a.yaml", text);
        let node = parse(&document);
        (
            node,
            document.findings().iter().map(|found| found.code).collect(),
        )
    }

    #[test]
    fn scalars_know_where_their_text_stands() {
        let text = "ä: plain text # remark\nb: 'quo'\nc: \"esc\\\"\"\nd: |\n  block\n";
        let (node, codes) = read(text);
        assert!(codes.is_empty(), "{codes:?}");
        let node = node.unwrap();
        let at = |key: &str, part: Range<usize>| {
            text[node.get(key).unwrap().locate(text, part)].to_owned()
        };
        assert_eq!(at("ä", 6..10), "text");
        assert_eq!(at("b", 1..3), "uo");
        assert_eq!(at("c", 0..4), "\"esc\\\"\"");
        assert_eq!(at("c", 1..3), "sc");
        assert_eq!(&text[node.get("ä").unwrap().span.clone()], "plain text");
    }

    #[test]
    fn a_duplicate_key_is_an_error_and_the_first_stays() {
        let (node, codes) = read("a: 1\nb: 2\na: 3\n");
        assert_eq!(codes, ["DuplicateKey"]);
        assert_eq!(node.unwrap().get("a").unwrap().text(), Some("1"));
    }

    #[test]
    fn a_mistake_in_one_value_leaves_the_others_readable() {
        let (node, codes) = read("a: 'x' + y\nb: 2\nc: z: w\n");
        assert_eq!(codes, ["QuoteExpression", "QuoteText"]);
        let node = node.unwrap();
        assert!(node.get("a").unwrap().is_broken());
        assert_eq!(node.get("b").unwrap().text(), Some("2"));
    }
}
