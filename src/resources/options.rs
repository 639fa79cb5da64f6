//! The options of a function: known ones, with values. An option given `()` is an error, never "everything".

use serde_json::{Map, Value};

use super::error::Error;
use super::kind::Kind;
use super::resource::Form;
use crate::policy::Selector;

/// Options as a script gives them; `()` is null.
pub type Options = Map<String, Value>;

/// What a list is asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Which objects.
    pub selector: Option<Selector>,
    /// Query parameters beside the selector.
    pub parameters: Options,
}

impl Query {
    /// A query by a selector alone.
    ///
    /// # Errors
    /// When the selector is empty or wrong, or the kind has no labels.
    pub fn selecting(kind: Kind, selector: &str) -> Result<Self, Error> {
        let mut options = Options::new();
        options.insert("label_selector".to_owned(), Value::from(selector));
        Self::of_list(kind, options)
    }

    /// The query that options of a list mean.
    ///
    /// # Errors
    /// When an option is unknown, has no value, or has one of another type.
    pub fn of_list(kind: Kind, options: Options) -> Result<Self, Error> {
        let row = kind.row();
        check(row.functions.all, &options, row.list_options)?;
        let mut query = Self { selector: None, parameters: options };
        if let Some(selector) = query.parameters.remove("label_selector") {
            query.selector = Some(Selector::parse(selector.as_str().unwrap_or_default())?);
        }
        Ok(query)
    }

    /// Which form of the objects it asks for.
    #[must_use]
    pub fn form(&self) -> Form {
        form_of(&self.parameters)
    }
}

/// Which form of an object options ask for.
pub(super) fn form_of(options: &Options) -> Form {
    if options.get("details") == Some(&Value::Bool(true)) { Form::Detailed } else { Form::Plain }
}

/// Checks that every option is known to a function and has a value of its type.
pub(super) fn check(function: &str, options: &Options, known: &[&str]) -> Result<(), Error> {
    for (option, value) in options {
        let wrong = |why| Err(Error::BadOption { function: function.to_owned(), option: option.clone(), why });
        if !known.contains(&option.as_str()) {
            let known = known.iter().map(|name| (*name).to_owned()).collect();
            return Err(Error::UnknownOption { function: function.to_owned(), option: option.clone(), known });
        }
        match option.as_str() {
            _ if value.is_null() => return wrong("is (); leave it out if it is not wanted"),
            "details" | "all" | "cascade" | "force" if !value.is_boolean() => return wrong("must be true or false"),
            "label_selector" | "filter" | "description" if !value.is_string() => return wrong("must be text"),
            "labels" if !value.is_object() => return wrong("must be a map"),
            "filter" if value.as_str().is_some_and(|text| text.trim().is_empty()) => return wrong("is empty"),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error;

    fn refused(kind: Kind, options: Value) -> error::Error {
        let Value::Object(options) = options else { panic!("a map") };
        Query::of_list(kind, options).expect_err("it is refused").into()
    }

    #[test]
    fn unknown_options_and_options_without_a_value_are_errors() {
        let unknown = refused(Kind::Server, json!({ "detail": true }));
        assert_eq!(unknown.code, "unknown_option");
        assert_eq!(unknown.hint.as_deref(), Some("did you mean `details`?"));
        assert_eq!(refused(Kind::Server, json!({ "label_selector": null })).code, "bad_option");
        assert_eq!(refused(Kind::Server, json!({ "label_selector": "" })).code, "empty_selector");
        assert_eq!(refused(Kind::Server, json!({ "details": "yes" })).code, "bad_option");
        assert_eq!(refused(Kind::MachineType, json!({ "label_selector": "a=b" })).code, "unknown_option");
        assert_eq!(refused(Kind::MachineType, json!({ "filter": " " })).code, "bad_option");
    }

    #[test]
    fn the_selector_is_read_and_the_rest_is_sent_as_it_is() {
        let Value::Object(options) = json!({ "label_selector": "team=web", "details": true }) else { panic!("a map") };
        let query = Query::of_list(Kind::Server, options).expect("a query");
        assert_eq!(query.selector.as_ref().map(ToString::to_string).as_deref(), Some("team=web"));
        assert_eq!(query.form(), Form::Detailed);
    }
}
