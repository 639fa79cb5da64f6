//! What the options say of what a run may do.

use super::arguments::GrantOptions;
use crate::error::{Error, Kind, Result};
use crate::policy::{Grant, Sources, known_grant};

impl GrantOptions {
    /// Adds what the options give and take to what is said already.
    ///
    /// # Errors
    /// Kind `usage` when one of them is no grant, or names a permission that no operation needs.
    pub fn join(&self, script: Sources) -> Result<Sources> {
        let allow = parsed("--allow", &self.allow)?.into_iter().chain(script.allow.clone()).collect();
        Ok(Sources { allow, deny: parsed("--deny", &self.deny)?, ..script })
    }
}

fn parsed(option: &str, texts: &[String]) -> Result<Vec<Grant>> {
    let parse = |text: &String| {
        known_grant(text).map_err(|error| {
            Error::new(Kind::Usage, "bad_grant", error.message).with_place(option).with_hint(error.hint)
        })
    };
    texts.iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::LocalGrant;

    #[test]
    fn options_give_and_take_and_a_slip_is_told_with_the_nearest_permission() {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let options = GrantOptions {
            allow: texts(&["read", "iaas.server.stop where team=web"]),
            deny: texts(&["iaas.volume.*"]),
            ..GrantOptions::default()
        };
        let reveal = vec![Grant::local(LocalGrant::Reveal)];
        let sources = options.join(Sources { allow: reveal, ..Sources::default() }).expect("they are grants");
        let allow: Vec<String> = sources.allow.iter().map(ToString::to_string).collect();
        assert_eq!(allow, ["read", "iaas.server.stop where team=web", "secret.reveal"]);
        assert_eq!(sources.deny.len(), 1);
        let options = GrantOptions { deny: texts(&["iaas.server.stopp"]), ..GrantOptions::default() };
        let error = options.join(Sources::default()).expect_err("there is no such permission");
        assert_eq!((error.kind, error.place.as_deref()), (Kind::Usage, Some("--deny")));
        assert_eq!(error.hint.as_deref(), Some("did you mean `iaas.server.stop`?"));
    }
}
