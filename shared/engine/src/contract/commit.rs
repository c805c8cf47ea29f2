//! Conditional writes: what they were based on may have changed, and is then seen as it is.

use super::runner::{MAX_LOOKS, Runner, Trouble};
use super::view::View;
use super::work::Work;
use crate::port::{CommitError, Journal, Key, Outgoing, PortError, Ports, Write};

impl<P: Ports> Runner<P> {
    /// Commits writes that may be built again whenever what they were built on has changed.
    pub(super) async fn commit_settled(
        &self,
        view: &mut View,
        build: impl Fn(&View) -> Result<Vec<Write>, PortError>,
    ) -> Result<(), Trouble> {
        for _ in 0..MAX_LOOKS {
            let writes = build(view)?;
            if self.commit(view, &writes).await?.is_none() {
                return Ok(());
            }
        }
        Err(Trouble::Contended)
    }

    /// Commits writes; `Some` names the items that had changed, and the view has them as they are.
    pub(super) async fn commit(
        &self,
        view: &mut View,
        writes: &[Write],
    ) -> Result<Option<Vec<Key>>, PortError> {
        self.commit_and_send(view, writes, Vec::new()).await
    }

    /// Commits what was built on a step's entry and on its `once` key. Whoever frees the key writes
    /// the entry, so that where the entry had changed the key is seen as it is, too.
    pub(super) async fn commit_with_once(
        &self,
        work: &Work<'_>,
        view: &mut View,
        writes: &[Write],
    ) -> Result<Option<Vec<Key>>, PortError> {
        let changed = self.commit(view, writes).await?;
        if let (Some(changed), Some(key)) = (&changed, &work.once_key)
            && changed.contains(&work.entry_key)
        {
            let keys = [key.clone()];
            view.saw(&keys, self.ports.journal().read(&keys).await?);
        }
        Ok(changed)
    }

    /// Commits writes and sends what follows them; as [`Self::commit`].
    pub(super) async fn commit_and_send(
        &self,
        view: &mut View,
        writes: &[Write],
        messages: Vec<Outgoing>,
    ) -> Result<Option<Vec<Key>>, PortError> {
        if writes.is_empty() {
            return Ok(None);
        }
        match self.ports.commit_and_send(writes.to_vec(), messages).await {
            Ok(()) => {
                view.wrote(writes);
                Ok(None)
            }
            Err(CommitError::Conflict(conflicts)) => Ok(Some(view.learn(writes, conflicts))),
            Err(CommitError::Port(error)) => Err(error),
        }
    }
}
