//! A mistake in a definition: where it is, what is wrong, and what would be right.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;
use serde::ser::SerializeStruct;

/// Whether a finding keeps a pack from loading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The pack does not load.
    Error,
    /// The pack loads; the author should know.
    Warning,
}

/// A mistake in a definition, with the text around it.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Path of the file, relative to the pack's folder.
    pub file: Arc<str>,
    /// The whole text of the file.
    pub text: Arc<str>,
    /// Byte range of the mistake in `text`.
    pub span: Range<usize>,
    /// Whether the pack still loads.
    pub severity: Severity,
    /// A stable `PascalCase` code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// A remark on the underlined text.
    pub label: Option<String>,
    /// What would be right.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The line on which the mistake begins, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// The column at which the mistake begins, in characters from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        let before = self.before();
        let line = before.rsplit('\n').next().unwrap_or(before);
        line.chars().count() + 1
    }

    fn before(&self) -> &str {
        self.text.get(..self.span.start).unwrap_or("")
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            // The handler would ask for this very form, without end.
            let place = format!("{}:{}:{}", self.file, self.line(), self.column());
            return f
                .debug_tuple(self.code)
                .field(&place)
                .field(&self.message)
                .finish();
        }
        let handler = miette::MietteHandlerOpts::new().build();
        miette::ReportHandler::debug(&handler, self, f)
    }
}

impl std::error::Error for Diagnostic {}

impl Serialize for Diagnostic {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Diagnostic", 7)?;
        object.serialize_field("file", &*self.file)?;
        object.serialize_field("line", &self.line())?;
        object.serialize_field("column", &self.column())?;
        object.serialize_field("severity", &self.severity)?;
        object.serialize_field("code", self.code)?;
        object.serialize_field("message", &self.message)?;
        object.serialize_field("help", &self.help)?;
        object.end()
    }
}

impl miette::Diagnostic for Diagnostic {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        let span = miette::LabeledSpan::new(self.label.clone(), self.span.start, self.span.len());
        Some(Box::new(std::iter::once(span)))
    }
}

impl miette::SourceCode for Diagnostic {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let inner = self.text.as_bytes().read_span(span, before, after)?;
        Ok(Box::new(
            miette::MietteSpanContents::new_named(
                self.file.to_string(),
                inner.data(),
                *inner.span(),
                inner.line(),
                inner.column(),
                inner.line_count(),
            )
            .with_language("yaml"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic() -> Diagnostic {
        Diagnostic {
            file: "a.workflow.yaml".into(),
            text: "x: 1\nä: bö".into(),
            span: 9..12,
            severity: Severity::Error,
            code: "UnknownKey",
            message: "what".into(),
            label: None,
            help: None,
        }
    }

    #[test]
    fn line_and_column_count_characters_from_one() {
        let diagnostic = diagnostic();
        assert_eq!((diagnostic.line(), diagnostic.column()), (2, 4));
    }

    #[test]
    fn the_debug_forms_show_the_place() {
        assert!(format!("{:?}", diagnostic()).contains("a.workflow.yaml"));
        assert!(format!("{:#?}", diagnostic()).contains("a.workflow.yaml:2:4"));
    }
}
