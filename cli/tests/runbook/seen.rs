//! What a person reads in the output of one command and types into the next.

/// The ids that were seen last.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// `ID`: of an item.
    id: Option<String>,
    /// `REF`: of an execution.
    reference: Option<String>,
    /// `RECORD`: of a candidate.
    record: Option<String>,
}

impl Seen {
    /// Reads an output.
    pub(crate) fn read(&mut self, output: &str) {
        let words = || output.split(|char: char| char.is_whitespace() || "\"'[],".contains(char));
        let words = || words().filter(|word| !word.is_empty());
        let after = |name: &'static str| words().skip_while(move |word| *word != name).nth(1);
        let listed = output.lines().skip_while(|line| !line.starts_with("ID "));
        let listed = listed.skip(1).find_map(|row| row.split(' ').next());
        let id = listed.or_else(|| after("id")).or_else(|| after("show"));
        let id = id.filter(|id| id.len() >= 10);
        let record = after("candidates");
        let reference = words().rfind(|word| is_reference(word));
        for (place, found) in [
            (&mut self.id, id),
            (&mut self.reference, reference),
            (&mut self.record, record),
        ] {
            *place = found.map(str::to_owned).or(place.take());
        }
    }

    /// The variables of a command.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let pairs = [
            ("ID", &self.id),
            ("REF", &self.reference),
            ("RECORD", &self.record),
        ];
        let known = pairs.into_iter();
        known.filter_map(|(name, value)| Some((name, value.as_ref()?)))
    }
}

/// Whether a word is `tenant/type/record/workflow/execution`.
fn is_reference(word: &str) -> bool {
    let parts: Vec<&str> = word.split('/').collect();
    parts.len() == 5 && parts.iter().skip(2).step_by(2).all(|id| id.len() == 26)
}
