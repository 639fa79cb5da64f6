//! URLs in settings that something is sent to: what is wrong with them is said where they stand, and not only once
//! nothing is sent.

use super::Error;
use super::link_local::leads_to_the_link;

/// What is wrong with a URL. It may hold a token, so that it is never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is no whole URL of the web.
    NoAddress,
    /// It holds a name or a password.
    HoldsLogin,
    /// It leads to the machine's own link.
    LinkLocal,
}

impl Unfit {
    /// What is wrong with a text as a URL that is asked for; `None` if nothing is.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        // The parser takes more than people should write.
        let is_whole = text.split_once("://").is_some_and(|(_, rest)| !rest.is_empty() && !rest.starts_with('/'));
        let url = url::Url::parse(text).ok();
        let Some(url) = url.filter(|url| is_whole && matches!(url.scheme(), "http" | "https")) else {
            return Some(Self::NoAddress);
        };
        match url.host_str() {
            None | Some("") => Some(Self::NoAddress),
            Some(_) if !url.username().is_empty() || url.password().is_some() => Some(Self::HoldsLogin),
            Some(host) => leads_to_the_link(host).then_some(Self::LinkLocal),
        }
    }

    /// The complaint about `what`, as `complain` places it.
    pub fn complaint(self, what: &str, complain: impl FnOnce(&'static str, String) -> Error) -> Error {
        match self {
            Self::NoAddress => {
                complain("invalid_url", format!("{what} is no URL that begins with https:// or http://"))
                    .hint("write the whole URL, or where it is: `env:NAME`, `file:PATH`")
            }
            Self::HoldsLogin => complain("invalid_url", format!("{what} holds a name or a password before its host"))
                .hint("nothing is sent with them: a token goes into the path or the query"),
            Self::LinkLocal => {
                complain("link_local", format!("{what} leads to a link-local address, to which nothing is sent"))
                    .hint("a server's metadata service hands out credentials there")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_sent_to_is_fit() {
        for good in [
            "https://hooks.example.org/T0/B0?x=1",
            " http://127.0.0.1:8080/x\n",
            "https://[2001:db8::1]/",
            "HTTPS://A/",
        ] {
            assert_eq!(Unfit::of(good), None, "{good}");
        }
        for none in [
            "",
            "hooks.example.org",
            "ftp://a/b",
            "https://",
            "https:///a",
            "https:a.example",
            "http://a b/",
            "http://a:x/",
        ] {
            assert_eq!(Unfit::of(none), Some(Unfit::NoAddress), "{none}");
        }
        for login in ["https://ops:hunter22@a.example/x", "https://ops@a.example/x"] {
            assert_eq!(Unfit::of(login), Some(Unfit::HoldsLogin), "{login}");
        }
        for link in ["http://169.254.169.254/x", "http://0xa9fea9fe/", "https://[fe80::1]:8443/", "http://metadata/x"] {
            assert_eq!(Unfit::of(link), Some(Unfit::LinkLocal), "{link}");
        }
    }
}
