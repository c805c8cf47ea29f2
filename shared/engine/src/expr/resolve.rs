//! Where a dotted path leads: to a root's member, or through references to another record.

use super::{Environment, Type};
use crate::name::RecordType;

/// How many references one path may follow.
const MAX_HOPS: usize = 2;

/// Farther than this, a name is not what was meant.
const NEAR: f64 = 0.75;

/// Where a path's value is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Root(String),
    Reference(String),
}

/// One strong read that a path makes.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    pub(crate) path: String,
    pub(crate) record: RecordType,
    pub(crate) member: String,
    /// 1 for the first reference of a path, 2 for the second.
    pub(crate) number: usize,
}

/// A path that was found in the environment.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub(crate) source: Source,
    pub(crate) members: Vec<String>,
    pub(crate) ty: Type,
    pub(crate) hops: Vec<Hop>,
}

/// A path that leads nowhere, and at which of its segments.
#[derive(Debug, Clone)]
pub(crate) struct DeadEnd {
    pub(crate) segment: usize,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// Follows the segments of a path through the environment.
pub(crate) fn resolve(env: &Environment, segments: &[&str]) -> Result<Resolved, DeadEnd> {
    refused(env, segments)?;
    let mut walk = Walk::start(env, segments)?;
    for at in 1..segments.len() {
        walk.step(at)?;
    }
    Ok(walk.found)
}

/// Says which of the names was probably meant.
pub(crate) fn did_you_mean<'n>(
    wrong: &str,
    names: impl Iterator<Item = &'n str>,
) -> Option<String> {
    names
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(score, _)| *score > NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, name)| format!("did you mean `{name}`?"))
}

/// The type of a member, without following references.
pub(crate) fn member(
    owner: &Type,
    path: &str,
    name: &str,
) -> Result<Type, (String, Option<String>)> {
    match owner {
        Type::Dynamic => Ok(Type::Dynamic),
        Type::Object(members) => members.get(name).cloned().ok_or_else(|| {
            let names = members.keys().map(String::as_str);
            let help = did_you_mean(name, names.clone()).or_else(|| listed("it has", names));
            (format!("`{path}` has no field `{name}`"), help)
        }),
        other => Err((
            format!("`{path}` is {other}: it has no field `{name}`"),
            None,
        )),
    }
}

fn listed<'n>(intro: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| format!("{intro} {}", names.join(", ")))
}

fn refused(env: &Environment, segments: &[&str]) -> Result<(), DeadEnd> {
    for (segment, _) in segments.iter().enumerate() {
        let name = joined(segments, segment);
        if let Some(reason) = env.refused.get(&name) {
            let (reason, help) = match reason.split_once('\n') {
                Some((reason, help)) => (reason, Some(help.to_owned())),
                None => (reason.as_str(), None),
            };
            let message = format!("`{name}` cannot be read here: {reason}");
            return Err(DeadEnd {
                segment,
                message,
                help,
            });
        }
    }
    Ok(())
}

/// The path up to and with the segment `last`.
fn joined(segments: &[&str], last: usize) -> String {
    segments.get(..=last).unwrap_or(segments).join(".")
}

struct Walk<'e> {
    env: &'e Environment,
    segments: &'e [&'e str],
    found: Resolved,
}

impl<'e> Walk<'e> {
    fn start(env: &'e Environment, segments: &'e [&'e str]) -> Result<Self, DeadEnd> {
        let root = segments.first().copied().unwrap_or_default();
        let ty = match env.roots.get(root) {
            Some(ty) => ty.clone(),
            None if root == "now" => Type::Time,
            None => return Err(unknown_root(env, root)),
        };
        let found = Resolved {
            source: Source::Root(root.to_owned()),
            members: Vec::new(),
            ty,
            hops: Vec::new(),
        };
        Ok(Self {
            env,
            segments,
            found,
        })
    }

    fn step(&mut self, at: usize) -> Result<(), DeadEnd> {
        let name = self.segments.get(at).copied().unwrap_or_default();
        let path = joined(self.segments, at - 1);
        let owner = match std::mem::replace(&mut self.found.ty, Type::Dynamic) {
            Type::Ref(record) => self.follow(at, &path, record)?,
            other => other,
        };
        self.found.ty = member(&owner, &path, name).map_err(|(message, help)| DeadEnd {
            segment: at,
            message,
            help,
        })?;
        self.found.members.push(name.to_owned());
        Ok(())
    }

    fn follow(&mut self, at: usize, path: &str, record: RecordType) -> Result<Type, DeadEnd> {
        if self.found.hops.len() == MAX_HOPS {
            return Err(DeadEnd {
                segment: at,
                message: format!("`{path}` would be the third reference followed"),
                help: Some("a path follows at most two: keep what is needed nearer".to_owned()),
            });
        }
        let members = self
            .env
            .records
            .get(&record)
            .cloned()
            .unwrap_or(Type::Dynamic);
        let member = self
            .segments
            .get(at)
            .copied()
            .unwrap_or_default()
            .to_owned();
        let number = self.found.hops.len() + 1;
        self.found.hops.push(Hop {
            path: path.to_owned(),
            record,
            member,
            number,
        });
        self.found.source = Source::Reference(path.to_owned());
        self.found.members.clear();
        Ok(members)
    }
}

fn unknown_root(env: &Environment, root: &str) -> DeadEnd {
    let names = env.roots.keys().map(String::as_str).chain(["now"]);
    DeadEnd {
        segment: 0,
        message: format!("`{root}` is not in scope here"),
        help: did_you_mean(root, names.clone()).or_else(|| listed("in scope are", names)),
    }
}
