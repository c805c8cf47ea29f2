//! What a victim is told, as the arguments of its process.

use std::path::PathBuf;

use holdfast_embedded::sandbox::{Behaviour, Drops};

use super::Death;

/// Whether the receivers honour keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keys {
    /// A repeat changes nothing.
    #[default]
    Honoured,
    /// Every arrival is an effect, and the definitions say so.
    Ignored,
    /// Every arrival is an effect, although the definitions promise otherwise.
    Pretended,
}

/// What the store's files lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disk {
    /// The operating system's files, whose cache outlives the process.
    #[default]
    Cached,
    /// A disk that forgets, with the process, what was not synced.
    Volatile,
    /// The same, under a store that never syncs.
    VolatileUnsynced,
}

/// An argument that no victim knows.
#[derive(Debug, thiserror::Error)]
#[error("no victim knows `{0}`")]
pub struct Unknown(String);

/// Everything that a victim is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The data folder.
    pub data: PathBuf,
    /// The folder of the pack.
    pub pack: PathBuf,
    /// Whether the receivers honour keys.
    pub keys: Keys,
    /// How many of 1,000 answers are lost, by this seed.
    pub drops: Option<(u64, u16)>,
    /// When it ends itself.
    pub death: Option<Death>,
    /// What its store lies on.
    pub disk: Disk,
}

impl Plan {
    /// The arguments that say all this.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            format!("data={}", self.data.display()),
            format!("pack={}", self.pack.display()),
            format!("keys={:?}", self.keys),
            format!("disk={:?}", self.disk),
        ];
        arguments.extend(
            self.drops
                .map(|(seed, share)| format!("drops={seed}/{share}")),
        );
        arguments.extend(self.death.map(|death| format!("death={death}")));
        arguments
    }

    /// Reads arguments.
    ///
    /// # Errors
    /// [`Unknown`] names the argument that says nothing.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self, Unknown> {
        let mut plan = Self::default();
        for argument in arguments {
            plan.heed(&argument).ok_or(Unknown(argument))?;
        }
        Ok(plan)
    }

    fn heed(&mut self, argument: &str) -> Option<()> {
        match argument.split_once('=')? {
            ("data", folder) => self.data = folder.into(),
            ("pack", folder) => self.pack = folder.into(),
            ("keys", "Honoured") => self.keys = Keys::Honoured,
            ("keys", "Ignored") => self.keys = Keys::Ignored,
            ("keys", "Pretended") => self.keys = Keys::Pretended,
            ("disk", "Cached") => self.disk = Disk::Cached,
            ("disk", "Volatile") => self.disk = Disk::Volatile,
            ("disk", "VolatileUnsynced") => self.disk = Disk::VolatileUnsynced,
            ("death", death) => self.death = Some(death.parse().ok()?),
            ("drops", drops) => {
                let (seed, share) = drops.split_once('/')?;
                self.drops = Some((seed.parse().ok()?, share.parse().ok()?));
            }
            _ => return None,
        }
        Some(())
    }

    /// How the sandbox answers.
    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        Behaviour {
            honours_keys: self.keys != Keys::Pretended,
            drops: self.drops.map(|(seed, permille)| Drops { seed, permille }),
            ..Behaviour::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let plan = Plan {
            data: "a folder".into(),
            pack: "packs/kills".into(),
            keys: Keys::Ignored,
            drops: Some((7, 100)),
            death: "Accepted/3".parse().ok(),
            disk: Disk::VolatileUnsynced,
        };
        assert_eq!(Plan::read(plan.arguments()).unwrap(), plan);
        assert!(Plan::read(["keys=Maybe".to_owned()]).is_err());
    }
}
