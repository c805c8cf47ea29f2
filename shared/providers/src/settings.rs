//! A connection's configured values for one tenant.

use holdfast_engine::definition::model::ValueExpression;
use holdfast_engine::port::{Call, CallError};

use crate::failure::misconfigured;

/// The text of a configured value; `None`: unset.
///
/// # Errors
/// [`CallError::Refused`] when the value cannot be evaluated.
pub fn text(call: &Call<'_>, value: Option<&ValueExpression>) -> Result<Option<String>, CallError> {
    let setting = call.setting(value);
    setting.map_err(|error| misconfigured(error.to_string()))
}

/// The text of a value that the connection cannot do without.
///
/// # Errors
/// [`CallError::Refused`] when it is unset, or cannot be evaluated.
pub fn required(
    call: &Call<'_>,
    value: Option<&ValueExpression>,
    name: &str,
) -> Result<String, CallError> {
    text(call, value)?.ok_or_else(|| {
        let connection = &call.connection.name;
        misconfigured(format!("connection `{connection}` has no `{name}`"))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use holdfast_engine::definition::model::ConnectionKind;
    use holdfast_engine::expr::{Environment, Expression, Type};
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::testing::{Fixture, code};

    fn expression(source: &str) -> ValueExpression {
        let roots = BTreeMap::from([("config".to_owned(), Type::Dynamic)]);
        let env = Environment {
            roots,
            ..Environment::default()
        };
        ValueExpression::Expression(Expression::compile(source, &env, None).unwrap())
    }

    fn read(config: Json, source: &str) -> Result<String, CallError> {
        let mut fixture = Fixture::new(ConnectionKind::Twilio, "https://unused.example");
        fixture.config = config;
        required(&fixture.call(), Some(&expression(source)), "account")
    }

    #[test]
    fn a_value_comes_from_the_tenants_settings() {
        let account = read(json!({"sms_account": "AC1"}), "config.sms_account");
        assert_eq!(account.unwrap(), "AC1");
    }

    #[test]
    fn a_setting_that_is_unset_or_empty_is_named() {
        for config in [json!({}), json!({"sms_account": ""})] {
            let error = read(config, "config.sms_account").unwrap_err();
            assert_eq!(error.to_string(), "connection `c` has no `account`");
            assert_eq!(code(error), "ConnectionMisconfigured");
        }
    }
}
