//! Whether a command that a page names is one of this program.

use crate::support::{code, holdfast, out};

/// What is wrong with a command; `None`: it exists, with each of its options.
pub(crate) fn mistake(typed: &str) -> Option<String> {
    let words: Vec<&str> = typed.split_whitespace().skip(1).collect();
    let mut path = Vec::new();
    let mut help = out(&holdfast(&["--help"]));
    for word in words.iter().filter(|word| !word.starts_with('-')) {
        let Some((_, commands)) = help.split_once("Commands:\n") else {
            break;
        };
        let commands = commands.split("\n\n").next().unwrap_or_default();
        let mut known = commands
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        if !known.any(|known| known == *word) {
            return Some(format!("`{typed}`: no command `{word}`"));
        }
        path.push(*word);
        let asked = holdfast(&[&path[..], &["--help"]].concat());
        assert_eq!(code(&asked), 0, "{typed}");
        help = out(&asked);
    }
    let options = words.iter().filter(|word| word.starts_with("--"));
    let known = |option: &str| {
        let mut known = help.split(|char: char| char.is_whitespace() || char == ',');
        known.any(|word| word == option)
    };
    let unknown = options.copied().find(|option| !known(option));
    unknown.map(|option| format!("`{typed}`: no option `{option}`"))
}
