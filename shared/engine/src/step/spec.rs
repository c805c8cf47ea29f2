//! The static description of a step function.

use std::time::Duration;

use crate::definition::model::{Connection, ConnectionKind};

/// Whether repeating an effect is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The receiver honours our key; repeats change nothing.
    Keyed,
    /// A second call is a second effect.
    AtMostOnce,
}

impl Effect {
    /// The effect of a call through this connection, for a function whose best case this is.
    ///
    /// A connection can only lower the best case. The sandbox alone decides for itself: it stands
    /// in for any service, and honours keys unless its definition says otherwise.
    #[must_use]
    pub fn through(self, connection: &Connection) -> Self {
        match connection.kind {
            ConnectionKind::Sandbox => Self::in_sandbox(connection),
            ConnectionKind::Twilio
            | ConnectionKind::Smtp
            | ConnectionKind::Ses
            | ConnectionKind::Slack => Self::AtMostOnce,
            ConnectionKind::Http | ConnectionKind::Model if connection.idempotency.is_none() => {
                Self::AtMostOnce
            }
            ConnectionKind::Http | ConnectionKind::Model => self,
        }
    }

    fn in_sandbox(connection: &Connection) -> Self {
        let reply = connection.sandbox.as_ref();
        if reply.is_none_or(|reply| reply.idempotent) {
            Self::Keyed
        } else {
            Self::AtMostOnce
        }
    }
}

/// Which members of an output become the step's result when the definition has no `returns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// All of them.
    All,
    /// Only these.
    Only(&'static [&'static str]),
}

/// The static description of a step function: the best case, which a connection may lower.
#[derive(Debug, Clone, Copy)]
pub struct StepSpec {
    /// What `uses:` says; also the queue's name.
    pub name: &'static str,
    /// One sentence, the same as in the deployment template.
    pub description: &'static str,
    /// The best case.
    pub effect: Effect,
    /// Time for one attempt.
    pub timeout: Duration,
    /// Attempts under way at once.
    pub concurrency: u32,
    /// The kinds of connection that `via:` may name; empty: the step has no connection.
    pub connections: &'static [ConnectionKind],
    /// What becomes the step's result.
    pub keeps: Keeps,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::model::{Idempotency, SandboxReply};
    use crate::name::ConnectionName;
    use serde_json::Value as Json;

    const KINDS: [ConnectionKind; 7] = [
        ConnectionKind::Http,
        ConnectionKind::Twilio,
        ConnectionKind::Smtp,
        ConnectionKind::Ses,
        ConnectionKind::Slack,
        ConnectionKind::Model,
        ConnectionKind::Sandbox,
    ];

    fn connection(kind: ConnectionKind) -> Connection {
        Connection::new(ConnectionName::new("c").unwrap(), kind)
    }

    fn keyed(kind: ConnectionKind, keys: bool) -> bool {
        let mut connection = connection(kind);
        connection.idempotency = keys.then(|| Idempotency {
            header: "Idempotency-Key".to_owned(),
            window: Duration::from_hours(24),
        });
        Effect::Keyed.through(&connection) == Effect::Keyed
    }

    #[test]
    fn a_connection_without_keys_lowers_the_best_case() {
        for kind in KINDS {
            let honours = kind == ConnectionKind::Sandbox;
            assert_eq!(keyed(kind, false), honours, "{kind:?}");
        }
    }

    #[test]
    fn a_receiver_that_knows_no_keys_does_not_learn_them_from_a_definition() {
        use ConnectionKind::{Http, Model, Sandbox};
        for kind in KINDS {
            let may = matches!(kind, Http | Model | Sandbox);
            assert_eq!(keyed(kind, true), may, "{kind:?}");
        }
    }

    #[test]
    fn a_connection_never_raises_the_best_case_but_the_sandbox_does() {
        for kind in KINDS {
            let effect = Effect::AtMostOnce.through(&connection(kind));
            let sandbox = kind == ConnectionKind::Sandbox;
            assert_eq!(effect == Effect::Keyed, sandbox, "{kind:?}");
        }
    }

    #[test]
    fn a_sandbox_that_counts_raw_arrivals_honours_no_key() {
        let mut connection = connection(ConnectionKind::Sandbox);
        connection.sandbox = Some(SandboxReply {
            status: 200,
            body: Json::Null,
            idempotent: false,
        });
        assert_eq!(Effect::Keyed.through(&connection), Effect::AtMostOnce);
    }
}
