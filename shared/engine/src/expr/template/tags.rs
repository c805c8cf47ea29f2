//! The tags of a template, as they are written.

use std::ops::Range;

/// A `{% … %}` tag.
pub(super) struct Statement<'s> {
    /// Its first word: `for`, `set`, `include`.
    pub(super) keyword: &'s str,
    /// What follows the word.
    pub(super) rest: &'s str,
    /// Where that begins.
    at: usize,
}

/// The spans of the tags, brackets included.
pub(super) fn tags(source: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = source.get(at..)?;
        let start = at
            + [rest.find("{{"), rest.find("{%")]
                .into_iter()
                .flatten()
                .min()?;
        let inside = source.get(start + 2..)?;
        let end = [inside.find("}}"), inside.find("%}")]
            .into_iter()
            .flatten()
            .min();
        at = end.map_or(source.len(), |end| start + 2 + end + 2);
        Some(start..at)
    })
}

/// The statements among the tags.
pub(super) fn statements(source: &str) -> impl Iterator<Item = Statement<'_>> {
    tags(source).filter_map(|span| {
        let tag = source.get(span.clone())?.strip_prefix("{%")?;
        let inside = tag.trim_start_matches(['-', '+']).trim_start();
        let length = inside.find(|c| !part_of_name(c)).unwrap_or(inside.len());
        let (keyword, rest) = inside.split_at(length);
        let at = span.end - rest.len();
        Some(Statement { keyword, rest, at })
    })
}

/// Whether a name may hold this character.
pub(super) fn part_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl<'s> Statement<'s> {
    /// The file that the statement names, and where.
    pub(super) fn included(&self) -> Option<(&'s str, Range<usize>)> {
        if !["include", "import", "from", "extends"].contains(&self.keyword) {
            return None;
        }
        let quotes = ['\'', '"'];
        let path = self.rest.trim_start().strip_prefix(quotes)?;
        let start = self.at + self.rest.len() - path.len();
        let path = path.split(quotes).next()?;
        Some((path, start..start + path.len()))
    }

    /// The names that the statement gives values to.
    pub(super) fn assigned(&self) -> impl Iterator<Item = &'s str> {
        let assigns = ["for", "set", "with"].contains(&self.keyword);
        let names = if assigns { self.rest } else { "" };
        let names = names.split('=').next().unwrap_or_default();
        let words = names.split([' ', '\t', '\n', '\r', ',']);
        let names = words.filter(|word| !word.is_empty());
        names.take_while(|word| *word != "in" && word.chars().all(part_of_name))
    }

    /// The variable of a loop and the path of its list.
    pub(super) fn looped(&self) -> Option<(&'s str, &'s str)> {
        let mut words = self.rest.split_whitespace();
        let (variable, word, list) = (words.next()?, words.next()?, words.next()?);
        if self.keyword != "for" || word != "in" || !variable.chars().all(part_of_name) {
            return None;
        }
        let end = list.find(|c| !(part_of_name(c) || c == '.'));
        Some((variable, list.get(..end.unwrap_or(list.len()))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_say_what_they_name() {
        let source = "{% include 'a.txt' %}{{ x }}{%- for a, b in c.d if a == b -%}{% set e=1 in f %}\
                      {%for g in h.i|sort%}{% with\n j = 'k' %}{% endfor %}{% from \"l\" import m %}{% for";
        let included: Vec<_> = statements(source)
            .filter_map(|one| one.included())
            .collect();
        assert_eq!(
            included.iter().map(|one| one.0).collect::<Vec<_>>(),
            ["a.txt", "l"]
        );
        for (path, span) in included {
            assert_eq!(&source[span], path);
        }
        let assigned: Vec<_> = statements(source)
            .flat_map(|one| one.assigned().collect::<Vec<_>>())
            .collect();
        assert_eq!(assigned, ["a", "b", "e", "g", "j"]);
        let looped: Vec<_> = statements(source).filter_map(|one| one.looped()).collect();
        assert_eq!(looped, [("g", "h.i")]);
    }
}
