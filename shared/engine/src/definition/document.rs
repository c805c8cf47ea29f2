//! A file of a pack, and the mistakes found in it so far.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Severity};

/// A file of a pack; whoever reads it leaves its findings here and reads on.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) path: Arc<str>,
    pub(crate) text: Arc<str>,
    found: RefCell<Vec<Diagnostic>>,
}

/// A finding before it knows its file.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) code: &'static str,
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) label: Option<String>,
    pub(crate) help: Option<String>,
    pub(crate) severity: Severity,
}

impl Finding {
    pub(crate) fn error(
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let message = message.into();
        Self {
            code,
            span,
            message,
            label: None,
            help: None,
            severity: Severity::Error,
        }
    }

    pub(crate) fn warning(
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let severity = Severity::Warning;
        Self {
            severity,
            ..Self::error(code, span, message)
        }
    }

    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Self {
            label: Some(label.into()),
            ..self
        }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }
}

impl Document {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            found: RefCell::default(),
        }
    }

    /// Keeps a finding, unless the same one is there already.
    pub(crate) fn report(&self, finding: Finding) {
        let diagnostic = Diagnostic {
            file: self.path.clone(),
            text: self.text.clone(),
            span: self.clamp(finding.span),
            severity: finding.severity,
            code: finding.code,
            message: finding.message,
            label: finding.label,
            help: finding.help,
        };
        let mut found = self.found.borrow_mut();
        if !found.contains(&diagnostic) {
            found.push(diagnostic);
        }
    }

    /// Takes over what was found in another reading of the same text.
    pub(crate) fn take(&self, other: &Self) {
        self.found
            .borrow_mut()
            .append(&mut other.found.borrow_mut());
    }

    /// Everything found, in the order of the text.
    pub(crate) fn findings(&self) -> Vec<Diagnostic> {
        let mut found = self.found.borrow().clone();
        found.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
        found
    }

    /// Moves a range onto character boundaries inside the text, so that it can be shown.
    fn clamp(&self, span: Range<usize>) -> Range<usize> {
        let start = self
            .text
            .floor_char_boundary(span.start.min(self.text.len()));
        let end = self.text.ceil_char_boundary(span.end.min(self.text.len()));
        start..end.max(start)
    }
}
