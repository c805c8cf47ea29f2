//! What the command takes from its environment: the only place that reads it.

use std::collections::BTreeMap;
use std::env;

/// What the variables that hold secrets begin with.
const SECRET_PREFIX: &str = "HOLDFAST_SECRET_";

/// The variable that says what is logged, such as `info` or `holdfast_engine=debug`.
const LOG: &str = "HOLDFAST_LOG";

/// The secrets, by their variables.
pub(crate) fn secrets() -> BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    env::vars_os()
        .filter_map(text)
        .filter(|(name, _)| name.starts_with(SECRET_PREFIX))
        .collect()
}

/// What is logged; `None`: nothing is said.
pub(crate) fn log_filter() -> Option<String> {
    variable(LOG)
}

/// Who uses this machine: the user's name, else the number.
pub(crate) fn user() -> String {
    let id = rustix::process::getuid().as_raw();
    let named = variable("USER").or_else(|| variable("LOGNAME"));
    let named = named.or_else(|| name_of(id, &std::fs::read_to_string("/etc/passwd").ok()?));
    named.unwrap_or_else(|| format!("uid {id}"))
}

/// The name that a password file has for a user.
fn name_of(id: u32, users: &str) -> Option<String> {
    users.lines().find_map(|line| {
        let mut members = line.split(':');
        let name = members.next()?;
        (members.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

/// Where AWS is answered for in its place; `None`: AWS itself is asked.
#[cfg(feature = "aws")]
pub(crate) fn aws_endpoint() -> Option<String> {
    variable("AWS_ENDPOINT_URL")
}

/// The command that edits a text.
pub(crate) fn editor() -> String {
    let named = variable("VISUAL").or_else(|| variable("EDITOR"));
    named.unwrap_or_else(|| "vi".to_owned())
}

fn variable(name: &str) -> Option<String> {
    env::var_os(name)?
        .into_string()
        .ok()
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_a_variable_has_the_name_of_the_password_file() {
        let users = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_of(1000, users).as_deref(), Some("ada"));
        assert_eq!(name_of(0, users).as_deref(), Some("root"));
        assert_eq!(name_of(7, users), None);
    }
}
