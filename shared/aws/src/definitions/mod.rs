//! Published definitions: texts by their hash, versions by theirs, and the live pointer of each
//! pack.
//!
//! | pk | sk | body |
//! |---|---|---|
//! | `def#<sha256>` | | a text; a catalog of step functions is one, too |
//! | `version#<pack>@<hash>` | | the hashes of a version's texts by path, and of its catalog |
//! | `<tenant>#live` | `<pack>` | what is live: stable and canary |
//! | `<tenant>#<pack>` | `m#<seq>` | a publication: which version, when |
//! | `<tenant>#<pack>` | `set#<name>#<version>` | one change of a setting |

mod live;
mod publish;
mod settings;
mod stored;
mod versions;

pub use live::DynamoDefinitions;
pub use publish::{PublishError, Published, Rollout};
pub use settings::Setting;
pub use stored::{Canary, Live, Release};
