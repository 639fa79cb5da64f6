//! Grants for what is outside the API: files, environment, network, secrets.

use std::fmt;

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
}
