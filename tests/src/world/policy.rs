//! What an author may say about unknown outcomes, and the workflow of the random schedules.

use std::sync::Arc;

use holdfast_engine::definition::model::Pack;

use super::compiled;

/// What the author of the workflow says about unknown outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// A person decides.
    Review,
    /// Try again.
    Retry,
    /// Go to the fallback.
    Fallback,
    /// A person decides, and what succeeded is undone when a later step fails for good.
    Undo,
    /// A person decides, and steps are performed for each element of a list.
    Each,
}

impl Policy {
    /// A workflow of every kind of effect: keyed, asynchronous, under a `once` key that two
    /// executions share, with a fallback, and a change of a record; two of them keep a rate.
    #[must_use]
    pub fn pack(self) -> Arc<Pack> {
        if self == Self::Each {
            return elements();
        }
        let (unknown, last) = match self {
            Self::Review | Self::Undo | Self::Each => ("review", "review"),
            Self::Retry => ("retry", "retry"),
            Self::Fallback => ("fallback", "review"),
        };
        let (call, ask) = match self {
            Self::Undo => (
                ", compensate: { uses: raw-effect, with: { to: g } }",
                ", compensate: { uses: keyed-effect, retry: [5s], with: { to: h } }",
            ),
            Self::Review | Self::Retry | Self::Fallback | Self::Each => ("", ""),
        };
        compiled(&format!(
            "- {{ id: call, uses: keyed-effect, retry: quick, rate: 10/m, with: {{ to: a }}{call} }}\n\
             - {{ id: note, uses: raw-effect, async: true, unknown: {last}, with: {{ to: b }} }}\n\
             - {{ id: tell, uses: raw-effect, once: event.name, unknown: {unknown}, retry: [5s], rate: 1/s, with: {{ to: c }},\n    \
               fallback: [ {{ uses: raw-effect, retry: [5s], unknown: {last}, with: {{ to: d }} }} ] }}\n\
             - {{ id: ask, uses: keyed-effect, retry: [5s], with: {{ to: e }}, fallback: [ {{ uses: keyed-effect, with: {{ to: f }} }} ]{ask} }}\n\
             - {{ id: mark, uses: update-record, with: {{ status: won }} }}"
        ))
    }
}

/// Every kind of effect for each of a few elements, two of which share a `once` key.
fn elements() -> Arc<Pack> {
    compiled(
        "- { id: call, uses: keyed-effect, retry: quick, rate: 10/m, each: \"=['a', 'b']\", with: { to: =item } }\n\
         - { id: note, uses: raw-effect, async: true, each: \"=['c', 'd']\", with: { to: =item } }\n\
         - { id: tell, uses: raw-effect, each: \"=['e', 'f', 'e']\", once: event.name + item, retry: [5s], with: { to: =item },\n    \
           fallback: [ { uses: raw-effect, retry: [5s], with: { to: \"{{ item }}\" } } ] }\n\
         - { id: none, uses: raw-effect, each: \"=['g'].filter(it, it == 'h')\", with: { to: =item } }\n\
         - { id: mark, uses: update-record, with: { status: won } }",
    )
}
