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

/// The spans of the tags, brackets included; what is commented out is none.
pub(super) fn tags(source: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + nearest(source.get(at..)?, &["{{", "{%", "{#"])?;
            let inside = source.get(start + 2..)?;
            if source.get(start..)?.starts_with("{#") {
                // Where nothing ends it, it is text.
                at = start + 2 + nearest(inside, &["#}"]).map_or(0, |end| end + 2);
            } else {
                let end = nearest(inside, &["}}", "%}"]);
                at = end.map_or(source.len(), |end| start + 2 + end + 2);
                return Some(start..at);
            }
        }
    })
}

/// Where the first of these signs of two characters is.
fn nearest(text: &str, signs: &[&str]) -> Option<usize> {
    let pairs = text.as_bytes().windows(2);
    let mut pairs = pairs.map(|pair| signs.iter().any(|sign| sign.as_bytes() == pair));
    pairs.position(|found| found)
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
        let rest = if assigns { self.rest } else { "" };
        let in_a_list = |c: char| part_of_name(c) || c.is_whitespace() || c == ',';
        let names = rest
            .split(move |c| !in_a_list(c))
            .next()
            .unwrap_or_default();
        let words = names.split(|c: char| c.is_whitespace() || c == ',');
        let words = words.filter(|word| !word.is_empty());
        words.take_while(|word| *word != "in")
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
        let source = "{% include 'a.txt' %}{{ x }}{%- for a, b in c.d if a == b -%}{%+ set e=1 in f %}\
                      {%for g in h.i|sort%}{% with\n j = {'k': {}} %}{% endfor %}{% set n%}é{% endset %}\
                      {% set o|upper %}{# {{ {% for p in q %} #}{% from \"l\" import m %}{# {% for";
        let included: Vec<_> = statements(source)
            .filter_map(|one| one.included())
            .collect();
        let paths: Vec<_> = included.iter().map(|one| one.0).collect();
        assert_eq!(paths, ["a.txt", "l"]);
        for (path, span) in included {
            assert_eq!(&source[span], path);
        }
        let mut assigned = Vec::new();
        for statement in statements(source) {
            assigned.extend(statement.assigned().map(str::to_owned));
        }
        assert_eq!(assigned, ["a", "b", "e", "g", "j", "n", "o"]);
        let looped: Vec<_> = statements(source).filter_map(|one| one.looped()).collect();
        assert_eq!(looped, [("g", "h.i")]);
    }

    #[test]
    fn many_tags_are_found_in_one_walk() {
        let source = "{{a}}".repeat(100_000);
        assert_eq!(tags(&source).count(), 100_000);
    }
}
