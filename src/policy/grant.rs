//! A permission given to a run, possibly narrowed to objects.

use std::fmt;

use super::{Labels, LocalGrant, Pattern};

/// A permission given to a run: `iaas.server.list`, `iaas.snapshot.*`, `read`, `env:HOME`, or one that is narrowed to
/// objects by their labels: `iaas.server.deallocate where schedule=office-hours and team=web`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// What is given.
    pub what: Granted,
    /// Labels that an object must carry, all of them; for every object if empty.
    pub labels: Vec<(String, String)>,
}

/// What a grant gives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Granted {
    /// Permissions of the API.
    Api(Pattern),
    /// `read`: every operation of effect `read`.
    Reading,
    /// Something outside the API.
    Local(LocalGrant),
}

/// Why a text is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GrantError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: &'static str,
}

impl Grant {
    /// Reads one grant.
    ///
    /// # Errors
    /// When it is no permission, or what follows it does not narrow it.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let text = text.trim();
        // A path may hold blanks; nothing outside the API is narrowed by labels.
        if let Some(local) = LocalGrant::parse(text) {
            return Ok(Self { what: Granted::Local(local), labels: Vec::new() });
        }
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        let what = match Pattern::parse(name) {
            _ if name == "read" => Granted::Reading,
            Some(pattern) => Granted::Api(pattern),
            None => {
                return Err(GrantError {
                    message: format!("`{name}` is no permission"),
                    hint: "permissions look like `iaas.server.list` or `iaas.snapshot.*`, separated by commas",
                });
            }
        };
        let labels = narrowing(&mut words).map_err(|message| GrantError {
            message,
            hint: "narrow it as in `iaas.server.stop where schedule=office-hours and team=web`",
        })?;
        Ok(Self { what, labels })
    }

    /// A grant for something outside the API.
    #[must_use]
    pub fn local(what: LocalGrant) -> Self {
        Self { what: Granted::Local(what), labels: Vec::new() }
    }

    /// Whether an object with these labels is meant.
    #[must_use]
    pub fn fits(&self, labels: &Labels) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }

    /// Whether it holds for some objects only.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        !self.labels.is_empty()
    }

    /// The labels as they are written: `schedule=office-hours and team=web`.
    #[must_use]
    pub fn condition(&self) -> String {
        let labels: Vec<String> = self.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        labels.join(" and ")
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Granted::Api(pattern) => write!(f, "{pattern}")?,
            Granted::Reading => f.write_str("read")?,
            Granted::Local(local) => write!(f, "{local}")?,
        }
        if self.is_narrow() { write!(f, " where {}", self.condition()) } else { Ok(()) }
    }
}

fn narrowing<'w>(words: &mut impl Iterator<Item = &'w str>) -> Result<Vec<(String, String)>, String> {
    match words.next() {
        None => return Ok(Vec::new()),
        Some("where") => {}
        Some(other) => return Err(format!("`{other}` does not belong here")),
    }
    let mut labels = Vec::new();
    loop {
        let Some((key, value)) = words.next().and_then(|word| word.split_once('=')) else {
            return Err("a label such as `team=web` must follow `where` and `and`".to_owned());
        };
        if key.is_empty() || value.is_empty() {
            return Err(format!("`{key}={value}` is no label"));
        }
        labels.push((key.to_owned(), value.to_owned()));
        match words.next() {
            None => return Ok(labels),
            Some("and") => {}
            Some(other) => return Err(format!("`{other}` does not belong here")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_written_as_it_is_read() {
        for text in [
            "iaas.server.list",
            "iaas.snapshot.*",
            "*",
            "read",
            "env:HOME",
            "fs.read:my files/a b",
            "iaas.server.deallocate where schedule=office-hours and team=web",
            "read where team=web",
        ] {
            assert_eq!(Grant::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(
            Grant::parse(" iaas.a.b  where  x=1 ").expect("blanks do no harm").to_string(),
            "iaas.a.b where x=1"
        );
    }

    #[test]
    fn what_is_no_grant_says_what_to_write() {
        for (text, part) in [
            ("", "`` is no permission"),
            ("everything", "`everything` is no permission"),
            ("write", "`write` is no permission"),
            ("iaas.server.list if x", "`if` does not belong here"),
            ("iaas.server.list where", "a label such as"),
            ("iaas.server.list where team=", "`team=` is no label"),
            ("iaas.server.list where a=b c=d", "`c=d` does not belong here"),
        ] {
            let error = Grant::parse(text).expect_err(text);
            assert!(error.message.contains(part), "{text}: {}", error.message);
        }
    }

    #[test]
    fn every_label_must_be_there_with_its_value() {
        let grant = Grant::parse("iaas.server.stop where a=1 and b=2").expect("a grant");
        let labels = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert!(grant.fits(&labels(&[("a", "1"), ("b", "2"), ("c", "3")])));
        assert!(!grant.fits(&labels(&[("a", "1")])));
        assert!(!grant.fits(&labels(&[("a", "1"), ("b", "3")])));
        assert_eq!(grant.condition(), "a=1 and b=2");
    }
}
