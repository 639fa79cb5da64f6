//! Every environment variable that is read, with its meaning; nothing else in the code spells one.

/// An environment variable that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name; `<SERVICE>` in it stands for a service in capitals.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
}

macro_rules! declare {
    ($($(#[doc = $meaning:literal])+ $name:ident;)+) => {
        $($(#[doc = $meaning])+ pub const $name: &str = stringify!($name);)+
        const ALL: &[Variable] = &[$(Variable { name: $name, meaning: concat!($($meaning),+) }),+];
    };
}

declare! {
    /// the editor that `:edit` opens in a session
    EDITOR;
    /// the editor that `:edit` opens in a session; comes before EDITOR
    VISUAL;
    /// the STACKIT CLI's way to hand over a bearer token that somebody else renews; comes before the other variables
    STACKIT_ACCESS_TOKEN;
    /// the profile of the STACKIT CLI whose project, region and endpoints are the last resort
    STACKIT_CLI_PROFILE;
    /// the credentials file, instead of ~/.stackit/credentials.json
    STACKIT_CREDENTIALS_PATH;
    /// the private key as PEM text
    STACKIT_PRIVATE_KEY;
    /// the file of the private key; comes before STACKIT_PRIVATE_KEY
    STACKIT_PRIVATE_KEY_PATH;
    /// the project's UUID
    STACKIT_PROJECT_ID;
    /// the region, such as eu01
    STACKIT_REGION;
    /// the service account key as JSON text
    STACKIT_SERVICE_ACCOUNT_KEY;
    /// the service account key file; comes before STACKIT_SERVICE_ACCOUNT_KEY
    STACKIT_SERVICE_ACCOUNT_KEY_PATH;
    /// a bearer token, sent as it is
    STACKIT_SERVICE_ACCOUNT_TOKEN;
    /// the whole URL of the token endpoint, despite its name
    STACKIT_TOKEN_BASEURL;
    /// a file of further certificate authorities in PEM form
    STACKHAND_CA_FILE;
    /// what is logged, in the form of the `tracing` filters
    STACKHAND_LOG;
    /// the profile of stackhand.toml to use
    STACKHAND_PROFILE;
    /// the id of the server that stackhand runs on, where it cannot find that out by itself
    STACKHAND_SERVER_ID;
    /// the folder of configuration files, instead of ~/.config
    XDG_CONFIG_HOME;
    /// the folder of what programs keep, instead of ~/.local/state
    XDG_STATE_HOME;
    /// the user's name, where the system does not tell it
    USER;
    /// the machine's name, where the system does not tell it
    HOSTNAME;
    /// when set, output has no colour
    NO_COLOR;
    /// the proxy for https requests
    HTTPS_PROXY;
    /// the proxy for http requests
    HTTP_PROXY;
    /// the proxy for both, where theirs is not set
    ALL_PROXY;
    /// the hosts that no proxy is used for; `host:port` is that port alone
    NO_PROXY;
}

/// Where a service is reached, as the STACKIT CLI spells it: `STACKIT_<SERVICE>_CUSTOM_ENDPOINT`.
const ENDPOINT: Variable =
    Variable { name: "STACKIT_<SERVICE>_CUSTOM_ENDPOINT", meaning: "the base URL of a service, instead of its own" };

/// The variable that names a service's base URL.
pub(crate) fn endpoint_of(service: &str) -> String {
    let service: String = service.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    ENDPOINT.name.replace("<SERVICE>", &service.to_uppercase())
}

/// Whether a variable names some service's base URL.
pub(crate) fn is_endpoint(name: &str) -> bool {
    let (before, after) = ENDPOINT.name.split_once("<SERVICE>").unwrap_or_default();
    name.starts_with(before) && name.ends_with(after)
}

/// All variables, for the documentation.
pub fn all() -> impl Iterator<Item = &'static Variable> {
    ALL.iter().chain(std::iter::once(&ENDPOINT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variable_is_declared_once_and_explained() {
        let names: std::collections::BTreeSet<_> = all().map(|variable| variable.name).collect();
        assert_eq!(names.len(), all().count());
        assert!(all().all(|variable| !variable.meaning.trim().is_empty()));
        let documented = include_str!("../../docs/credentials.md");
        for variable in all() {
            let row = format!("| `{}` | {} |", variable.name, variable.meaning.trim());
            assert!(documented.contains(&row), "docs/credentials.md lacks {row}");
        }
        assert_eq!(endpoint_of("resource-manager"), "STACKIT_RESOURCE_MANAGER_CUSTOM_ENDPOINT");
    }
}
