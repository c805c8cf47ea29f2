//! Items as attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use holdfast_engine::port::{Item, PortError, Row};

/// The partition key.
pub(crate) const PK: &str = "pk";

/// The sort key.
pub(crate) const SK: &str = "sk";

/// The revision.
pub(crate) const REVISION: &str = "rev";

/// The body.
pub(crate) const BODY: &str = "body";

/// The shard of what is open; absent from everything else, so that the index holds only that.
pub(crate) const OPEN: &str = "open";

/// When DynamoDB may remove an item, in seconds since 1970; absent from what stays.
pub(crate) const EXPIRES: &str = "ttl";

/// What stands for an empty sort key, which DynamoDB refuses; no other sort key begins so.
const EMPTY: &str = "!";

/// The attributes of an item.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// A text as an attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A revision as an attribute.
pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A sort key as it is stored.
pub(crate) fn stored_sort(sort: &str) -> &str {
    if sort.is_empty() { EMPTY } else { sort }
}

/// The key attributes of an item.
pub(crate) fn key(partition: &str, sort: &str) -> Attributes {
    HashMap::from([
        (PK.to_owned(), text(partition)),
        (SK.to_owned(), text(stored_sort(sort))),
    ])
}

/// A text attribute of an item.
pub(crate) fn read<'a>(attributes: &'a Attributes, name: &str) -> Result<&'a str, PortError> {
    let value = attributes.get(name).and_then(|value| value.as_s().ok());
    value
        .map(String::as_str)
        .ok_or_else(|| PortError::Unavailable(format!("an item has no `{name}`")))
}

/// The item of its attributes. An item without a revision was made by hand: it counts from zero,
/// and the next write of ours counts on.
pub(crate) fn item(attributes: &Attributes) -> Result<Item, PortError> {
    let revision = attributes.get(REVISION).and_then(|value| value.as_n().ok());
    Ok(Item {
        revision: revision.and_then(|text| text.parse().ok()).unwrap_or(0),
        body: read(attributes, BODY)?.to_owned(),
    })
}

/// The row of its attributes.
pub(crate) fn row(attributes: &Attributes) -> Result<Row, PortError> {
    let sort = read(attributes, SK)?;
    Ok(Row {
        sort: if sort == EMPTY { "" } else { sort }.to_owned(),
        item: item(attributes)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_and_its_key_survive_being_stored() {
        for sort in ["", "record"] {
            let mut attributes = key("demo#patient#p", sort);
            attributes.insert(REVISION.to_owned(), number(7));
            attributes.insert(BODY.to_owned(), text("{}"));
            let item = Item {
                revision: 7,
                body: "{}".to_owned(),
            };
            let sort = sort.to_owned();
            assert_eq!(row(&attributes), Ok(Row { sort, item }));
        }
    }

    #[test]
    fn an_item_without_a_body_is_not_one() {
        assert!(item(&key("demo#patient#p", "record")).is_err());
    }
}
