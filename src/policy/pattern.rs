//! Names of permissions with a wildcard at the end.

use std::fmt;

/// A permission, or all that begin alike: `iaas.server.stop`, `iaas.snapshot.*`, `*`. Case counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern(String);

impl Pattern {
    /// Reads a pattern. `None` if it is none: a `*` may only stand alone or as the last part.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let body = if text == "*" { "" } else { text.strip_suffix(".*").unwrap_or(text) };
        let is_name = |body: &str| {
            body.split('.')
                .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)))
        };
        let is_whole = text == "*" || text.ends_with(".*") && is_name(body) || body.contains('.') && is_name(body);
        is_whole.then(|| Self(text.to_owned()))
    }

    /// Whether a permission is meant.
    #[must_use]
    pub fn covers(&self, permission: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => permission.starts_with(start),
            None => self.0 == permission,
        }
    }

    /// Whether it stands for more than one permission.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.ends_with('*')
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_what_begins_alike_part_by_part() {
        let covers = |pattern: &str, name: &str| Pattern::parse(pattern).expect(pattern).covers(name);
        assert!(covers("iaas.snapshot.*", "iaas.snapshot.delete"));
        assert!(covers("iaas.*", "iaas.server.volume.add"));
        assert!(covers("*", "dns.zone.list"));
        assert!(covers("iaas.server.list", "iaas.server.list"));
        for (pattern, name) in [
            ("iaas.snapshot.*", "iaas.snapshot"),
            ("iaas.snapshot.*", "iaas.snapshots.delete"),
            ("iaas.server.list", "iaas.server.list-all"),
            ("iaas.Server.list", "iaas.server.list"),
        ] {
            assert!(!covers(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "",
            "everything",
            "iaas.*.list",
            "iaas.server.li*",
            "iaas..list",
            ".*",
            "iaas.server.",
            "a b.c",
            "iaas.server.lïst",
        ] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }
}
