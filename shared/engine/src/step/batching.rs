//! How a function performs many inputs by one call.

use serde_json::{Map, Value as Json};

/// How a function performs many inputs by one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// The member of the input that becomes a list; all others are the same in a batch.
    pub input: &'static str,
    /// The member of the output that is a list of answers, where each input has its own.
    pub output: &'static str,
}

impl Batching {
    /// What the inputs of one call have in common.
    #[must_use]
    pub fn rest(self, input: &Json) -> Map<String, Json> {
        let mut rest = input.as_object().cloned().unwrap_or_default();
        rest.remove(self.input);
        rest
    }

    /// The input of one call for these inputs, which have in common what the first has.
    #[must_use]
    pub fn merged(self, first: &Json, inputs: impl Iterator<Item = Json>) -> Json {
        let own = |mut input: Json| input.get_mut(self.input).map(Json::take);
        let list = inputs.map(|input| own(input).unwrap_or_default());
        let mut merged = self.rest(first);
        merged.insert(self.input.to_owned(), list.collect());
        Json::Object(merged)
    }

    /// The outputs that each of so many inputs would have had.
    ///
    /// # Errors
    /// What there is instead of one answer for each.
    pub fn split(self, mut output: Json, inputs: usize) -> Result<Vec<Json>, String> {
        let answers = output.get_mut(self.output).map(Json::take);
        let answers = match answers {
            Some(Json::Array(answers)) if answers.len() == inputs => answers,
            Some(Json::Array(answers)) => return Err(format!("{} answers", answers.len())),
            _ => return Err("no list of answers".to_owned()),
        };
        let of = |answer| {
            let mut own = output.clone();
            if let Some(member) = own.get_mut(self.output) {
                *member = answer;
            }
            own
        };
        Ok(answers.into_iter().map(of).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const JSON: Batching = Batching {
        input: "json",
        output: "body",
    };

    #[test]
    fn inputs_become_a_list_and_answers_go_back_in_their_order() {
        let inputs = [1, 2].map(|n| json!({ "path": "/a", "json": n }));
        let merged = JSON.merged(&inputs[0], inputs.clone().into_iter());
        assert_eq!(merged, json!({ "path": "/a", "json": [1, 2] }));
        let output = json!({ "status": 200, "body": ["a", { "b": 1 }] });
        let expected = [
            json!({ "status": 200, "body": "a" }),
            json!({ "status": 200, "body": { "b": 1 } }),
        ];
        assert_eq!(JSON.split(output, 2), Ok(expected.to_vec()));
    }

    #[test]
    fn an_answer_that_is_no_list_of_so_many_says_what_it_is() {
        let split = |body: Json| JSON.split(json!({ "body": body }), 2).unwrap_err();
        assert_eq!(split(json!([1])), "1 answers");
        assert_eq!(split(json!({ "a": 1 })), "no list of answers");
        assert_eq!(JSON.split(json!({}), 2).unwrap_err(), "no list of answers");
    }

    #[test]
    fn inputs_that_differ_in_anything_else_have_another_rest() {
        let of = |path: &str, json: u8| JSON.rest(&json!({ "path": path, "json": json }));
        assert_eq!(of("/a", 1), of("/a", 2));
        assert_ne!(of("/a", 1), of("/b", 1));
    }
}
