//! The check of a template's paths, tags and includes against the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use minijinja::Environment as Engine;

use super::bounds;
use super::computed::{self, place};
use super::failure::{described, place_of};
use super::shape::Shape;
use super::tags::statements;
use crate::expr::reads::Reads;
use crate::expr::resolve::{DeadEnd, Resolved, did_you_mean, resolve};
use crate::expr::{Environment, Mistake, functions};

/// What a template and its includes read.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) reads: Reads,
    pub(super) shape: Shape,
}

/// Adds a template and what it includes to the engine, and checks them.
pub(super) fn check(
    engine: &mut Engine<'static>,
    name: &str,
    source: &str,
    env: &Environment,
    includes: &BTreeMap<String, String>,
) -> Result<Checked, Vec<Mistake>> {
    let mut check = Check {
        engine,
        env,
        includes,
        source,
        seen: BTreeSet::new(),
        checked: Checked::default(),
        mistakes: Vec::new(),
        assigned: BTreeSet::new(),
    };
    check.file(name, source, None);
    check.mistakes.sort_by_key(|mistake| mistake.span.start);
    if check.mistakes.is_empty() {
        Ok(check.checked)
    } else {
        Err(check.mistakes)
    }
}

struct Check<'c> {
    engine: &'c mut Engine<'static>,
    env: &'c Environment,
    includes: &'c BTreeMap<String, String>,
    source: &'c str,
    seen: BTreeSet<String>,
    checked: Checked,
    mistakes: Vec<Mistake>,
    /// Names that some template sets, which an included one may read.
    assigned: BTreeSet<String>,
}

impl Check<'_> {
    /// Checks one file; `tag` is where the root template includes it.
    fn file(&mut self, name: &str, source: &str, tag: Option<&Range<usize>>) {
        if !self.seen.insert(name.to_owned()) {
            return;
        }
        if let Some(exceeded) = tag.and_then(|_| bounds::exceeded(source)) {
            let span = tag.cloned().unwrap_or(exceeded.span);
            return self.mistake(span, within(name, tag, &exceeded.message), exceeded.help);
        }
        if let Err(error) = self
            .engine
            .add_template_owned(name.to_owned(), source.to_owned())
        {
            let span = tag
                .cloned()
                .or_else(|| place_of(&error, source))
                .unwrap_or(0..source.len());
            let message = described(&error);
            return self.mistake(span, within(name, tag, &message), None);
        }
        let assigned = statements(source)
            .flat_map(|tag| tag.assigned().map(str::to_owned).collect::<Vec<_>>());
        self.assigned.extend(assigned);
        let paths = self.paths(name, source);
        for path in &paths {
            self.path(name, source, path, tag);
        }
        for (span, ty) in computed::computed(self.env, &paths, source) {
            let message = format!("a template does not compute with {ty}");
            let help = Some("give the result a name with `let`".to_owned());
            self.mistake(
                tag.cloned().unwrap_or(span),
                within(name, tag, &message),
                help,
            );
        }
        for (included, span) in statements(source).filter_map(|tag| tag.included()) {
            self.include(included, tag.unwrap_or(&span));
        }
    }

    fn mistake(&mut self, span: Range<usize>, message: String, help: Option<String>) {
        self.mistakes.push(Mistake {
            span,
            message,
            help,
        });
    }

    fn include(&mut self, path: &str, tag: &Range<usize>) {
        if let Some(source) = self.includes.get(path) {
            return self.file(path, source, Some(tag));
        }
        let names = self.includes.keys().map(String::as_str);
        let help = did_you_mean(path, names);
        self.mistake(tag.clone(), format!("there is no file `{path}`"), help);
    }

    /// The undeclared names in order of appearance.
    fn paths(&self, name: &str, source: &str) -> Vec<String> {
        let Ok(template) = self.engine.get_template(name) else {
            return Vec::new();
        };
        let globals: BTreeSet<_> = self.engine.globals().map(|(name, _)| name).collect();
        let root = |path: &String| path.split('.').next().unwrap_or_default().to_owned();
        let mut paths: Vec<_> = template.undeclared_variables(true).into_iter().collect();
        paths.retain(|path| !globals.contains(root(path).as_str()));
        paths.sort_by_cached_key(|path| {
            let place = place(source, path);
            (place.map(|span| span.start), path.clone())
        });
        paths
    }

    fn path(&mut self, name: &str, source: &str, path: &str, tag: Option<&Range<usize>>) {
        let segments: Vec<&str> = path.split('.').collect();
        match resolve(self.env, &segments) {
            Ok(resolved) => self.found(path, &resolved),
            Err(_) if tag.is_some() && self.sets(&segments) => {}
            Err(end) => {
                let found = dead_end_span(source, path, &segments, &end);
                let span = tag.cloned().or(found).unwrap_or(0..self.source.len());
                let help = filter_help(&segments).or(end.help);
                self.mistake(span, within(name, tag, &end.message), help);
            }
        }
    }

    fn sets(&self, segments: &[&str]) -> bool {
        segments
            .first()
            .is_some_and(|root| self.assigned.contains(*root))
    }

    fn found(&mut self, path: &str, resolved: &Resolved) {
        self.checked.reads.add(path.to_owned(), resolved);
        self.checked.shape.add(path, resolved);
    }
}

/// A function called as in an expression.
fn filter_help(segments: &[&str]) -> Option<String> {
    let function = functions::find(segments.last()?)?;
    Some(format!(
        "functions are filters here: write `value | {}`",
        function.name
    ))
}

fn within(name: &str, tag: Option<&Range<usize>>, message: &str) -> String {
    match tag {
        Some(_) => format!("in `{name}`: {message}"),
        None => message.to_owned(),
    }
}

fn dead_end_span(
    source: &str,
    path: &str,
    segments: &[&str],
    end: &DeadEnd,
) -> Option<Range<usize>> {
    let span = place(source, path)?;
    let before: usize = segments
        .iter()
        .take(end.segment)
        .map(|name| name.len() + 1)
        .sum();
    let length = segments.get(end.segment).map_or(0, |name| name.len());
    Some(span.start + before..span.start + before + length)
}
