//! Grants for what is outside the API: files, environment, network, secrets.

use std::fmt;
use std::path::{Component, Path, PathBuf};

/// Access to something on this machine or in its network, which a run has only if it was granted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LocalGrant {
    /// `fs.read:PATH`: reading a file, or all files of a folder.
    ReadFile(String),
    /// `fs.write:PATH`: writing a file, or files of a folder.
    WriteFile(String),
    /// `net:HOST` or `net:HOST:PORT`: requests to a host; `*.example.com` are all hosts below it.
    Network(String),
    /// `env:NAME`: reading an environment variable.
    Environment(String),
    /// `secret:NAME`: using a secret, without seeing it.
    Secret(String),
    /// `secret.reveal`: seeing the text of secrets.
    Reveal,
}

type Make = fn(String) -> LocalGrant;

const PREFIXES: [(&str, Make); 5] = [
    ("fs.read:", LocalGrant::ReadFile),
    ("fs.write:", LocalGrant::WriteFile),
    ("net:", LocalGrant::Network),
    ("env:", LocalGrant::Environment),
    ("secret:", LocalGrant::Secret),
];

impl LocalGrant {
    /// Reads one; `None` if the text does not begin like one, or names nothing after the colon.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "secret.reveal" {
            return Some(Self::Reveal);
        }
        let (prefix, make) = PREFIXES.into_iter().find(|(prefix, _)| text.starts_with(prefix))?;
        let name = text[prefix.len()..].trim();
        (!name.is_empty()).then(|| make(name.to_owned()))
    }

    /// Whether who has this may do `wanted`. Names may end in `*`. A host is wanted with its port, and compared without
    /// regard to case. Paths are compared as they stand: who opens a file resolves both before.
    #[must_use]
    pub fn covers(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::ReadFile(given), Self::ReadFile(wanted)) | (Self::WriteFile(given), Self::WriteFile(wanted)) => {
                Path::new(wanted).starts_with(given)
            }
            (Self::Network(given), Self::Network(wanted)) => covers_host(given, wanted),
            (Self::Environment(given), Self::Environment(wanted)) | (Self::Secret(given), Self::Secret(wanted)) => {
                match given.strip_suffix('*') {
                    Some(start) => wanted.starts_with(start),
                    None => given == wanted,
                }
            }
            (Self::Reveal, Self::Reveal) => true,
            _ => false,
        }
    }
}

impl LocalGrant {
    /// Whether this may reach `wanted`, told from how both are written: where a link leads is not known, nor the port of
    /// a host that is named without.
    #[must_use]
    pub fn may_reach(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::ReadFile(given), Self::ReadFile(wanted)) | (Self::WriteFile(given), Self::WriteFile(wanted)) => {
                let (given, wanted) = (plain_path(Path::new(given)), plain_path(Path::new(wanted)));
                let is_inside = wanted.strip_prefix(&given).is_ok_and(|rest| !rest.starts_with(".."));
                given.is_absolute() != wanted.is_absolute() || is_inside
            }
            (Self::Network(given), Self::Network(wanted)) if split_port(wanted).1.is_none() => {
                covers_host(split_port(given).0, wanted)
            }
            _ => self.covers(wanted),
        }
    }
}

/// A path without `.`, and without `..` where something stands before it.
fn plain_path(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

fn covers_host(given: &str, wanted: &str) -> bool {
    let ((given, given_port), (wanted, port)) = (split_port(given), split_port(wanted));
    if given_port.is_some() && given_port != port {
        return false;
    }
    let plain = |host: &str| host.trim_matches(['[', ']']).trim_end_matches('.').to_lowercase();
    let (given, wanted) = (plain(given), plain(wanted));
    match given.strip_prefix("*.") {
        Some(domain) => wanted.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => given == "*" || given == wanted,
    }
}

/// A host and its port, if there is one behind it; the colons of an IPv6 address are none.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    }
}

impl fmt::Display for LocalGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadFile(path) => write!(f, "fs.read:{path}"),
            Self::WriteFile(path) => write!(f, "fs.write:{path}"),
            Self::Network(host) => write!(f, "net:{host}"),
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::Secret(name) => write!(f, "secret:{name}"),
            Self::Reveal => f.write_str("secret.reveal"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_written_as_it_is_read() {
        for text in
            ["fs.read:data/in.csv", "fs.write:out", "net:*.example.com", "env:HOME", "secret:smtp", "secret.reveal"]
        {
            assert_eq!(LocalGrant::parse(text).expect(text).to_string(), text);
        }
        for text in ["fs.read:", "net: ", "iaas.server.list", "secret", "fs:x"] {
            assert_eq!(LocalGrant::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_grant_may_reach_is_told_from_how_it_is_written() {
        for (given, wanted, reaches) in [
            ("fs.read:data", "fs.read:data/in.csv", true),
            ("fs.read:./data/", "fs.read:data/x/../in.csv", true),
            ("fs.read:.", "fs.read:in.csv", true),
            ("fs.read:data", "fs.read:../data/in.csv", false),
            ("fs.read:.", "fs.read:../data/in.csv", false),
            ("fs.read:..", "fs.read:../data/in.csv", true),
            ("fs.read:data", "fs.read:other/in.csv", false),
            ("fs.read:data", "fs.write:data/in.csv", false),
            ("fs.read:/home/me/data", "fs.read:data/in.csv", true),
            ("net:a.example:443", "net:a.example", true),
            ("net:a.example:443", "net:a.example:444", false),
            ("net:*.example", "net:a.example", true),
            ("net:b.example", "net:a.example", false),
            ("env:APP_*", "env:APP_KEY", true),
            ("env:APP_*", "env:APP_*", true),
        ] {
            let parse = |text| LocalGrant::parse(text).expect(text);
            assert_eq!(parse(given).may_reach(&parse(wanted)), reaches, "{given} and {wanted}");
        }
    }

    #[test]
    fn a_grant_covers_what_it_names_and_nothing_that_looks_like_it() {
        for (given, wanted, covers) in [
            ("env:HOME", "env:HOME", true),
            ("env:HOME", "env:home", false),
            ("env:APP_*", "env:APP_KEY", true),
            ("env:APP_*", "env:AP", false),
            ("env:X", "secret:X", false),
            ("secret:*", "secret:smtp", true),
            ("secret:*", "secret.reveal", false),
            ("fs.read:/data", "fs.read:/data/a/b", true),
            ("fs.read:/data", "fs.read:/database", false),
            ("fs.read:/data", "fs.write:/data/a", false),
            ("net:api.example.com", "net:api.example.com:443", true),
            ("net:API.example.com.", "net:api.example.com:443", true),
            ("net:api.example.com:443", "net:api.example.com:80", false),
            ("net:example.com", "net:api.example.com:443", false),
            ("net:*.example.com", "net:api.example.com:443", true),
            ("net:*.example.com", "net:example.com:443", false),
            ("net:*.example.com", "net:badexample.com:443", false),
            ("net:::1", "net:[::1]:80", true),
            ("net:[::1]:80", "net:[::1]:81", false),
            ("net:*", "net:anything:1", true),
        ] {
            let parse = |text| LocalGrant::parse(text).expect(text);
            assert_eq!(parse(given).covers(&parse(wanted)), covers, "{given} and {wanted}");
        }
    }
}
