//! The name that an author probably meant.

/// The candidate nearest to `text`, when it is near enough to be a slip.
pub(crate) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (text.chars().count() / 3).min(4);
    candidates
        .into_iter()
        .map(|candidate| (distance(text, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `-` and `_` and letter case are the slips that people make most.
fn distance(left: &str, right: &str) -> usize {
    let fold = |text: &str| text.to_lowercase().replace('_', "-");
    strsim::damerau_levenshtein(&fold(left), &fold(right))
}

/// "did you mean `x`?", or what there is to choose from.
pub(crate) fn suggestion<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
    what: &str,
) -> String {
    if let Some(near) = nearest(text, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<_> = candidates
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect();
    match all.as_slice() {
        [] => format!("there is no {what} yet"),
        [only] => format!("there is only {only}"),
        _ => format!("there are {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_another_word_does_not() {
        let names = ["severity", "description", "steps"];
        assert_eq!(nearest("severty", names), Some("severity"));
        assert_eq!(nearest("Steps", names), Some("steps"));
        assert_eq!(nearest("colour", names), None);
    }

    #[test]
    fn without_a_near_name_the_choice_is_shown() {
        assert_eq!(
            suggestion("zz", ["a-b", "cdef"], "name"),
            "there are `a-b`, `cdef`"
        );
        assert_eq!(
            suggestion("zz", [], "connection"),
            "there is no connection yet"
        );
    }
}
