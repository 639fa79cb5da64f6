//! `stackhand export systemd`: the unit under which a workspace is served.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Kind, Result};

const TEMPLATE: &str = include_str!("systemd.service");

/// How much longer than the grace systemd waits before it kills, in seconds.
const AFTER_GRACE: u64 = 60;

/// What goes into a unit.
#[derive(Debug, Clone)]
pub struct SystemdRequest {
    /// The folder of `stackhand.toml`.
    pub workspace: PathBuf,
    /// Where the program is installed.
    pub binary: PathBuf,
    /// As whom it runs.
    pub user: String,
    /// How long runs under way may go on once it is to end; counted in whole seconds.
    pub grace: Duration,
}

/// The text of the unit, and what it should be called.
///
/// # Errors
/// Kind `usage` when a path or the user has letters that mean something else in a unit.
pub fn systemd_unit(request: &SystemdRequest) -> Result<(String, String)> {
    let workspace = plain_path(&request.workspace, "the workspace")?;
    let binary = plain_path(&request.binary, "--binary")?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let user = request.user.as_str();
    if user.is_empty() || user.len() > 31 || user.starts_with('-') || !user.chars().all(is_name) {
        return Err(Error::new(Kind::Usage, "bad_name", format!("`{user}` is no name of a user")).with_place("--user"));
    }
    let grace = request.grace.as_secs();
    let folder = request.workspace.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = format!("stackhand-{}.service", folder.unwrap_or_else(|| "workspace".to_owned()));
    // Homes that the service lives in cannot be hidden from it.
    let is_at_home = [&request.workspace, &request.binary].into_iter().any(|path| lies_at_home(path));
    let unit = TEMPLATE
        .replace("{name}", &name)
        .replace("{workspace}", workspace)
        .replace("{binary}", binary)
        .replace("{user}", user)
        .replace("{grace}", &grace.to_string())
        .replace("{stop}", &grace.saturating_add(AFTER_GRACE).to_string())
        .replace("{home}", if is_at_home { "read-only" } else { "yes" });
    Ok((name, unit))
}

fn lies_at_home(path: &Path) -> bool {
    ["/home", "/root", "/run/user"].iter().any(|home| path.starts_with(home))
}

/// A path that means itself wherever it stands in a unit: no spaces, quotes, `%` or `$`.
fn plain_path<'p>(path: &'p Path, place: &str) -> Result<&'p str> {
    let is_plain = |c: char| c.is_alphanumeric() || "/-_.,:+@=".contains(c);
    path.to_str().filter(|text| text.starts_with('/') && text.chars().all(is_plain)).ok_or_else(|| {
        Error::new(Kind::Usage, "bad_path", format!("`{}` cannot stand in a unit of systemd", path.display()))
            .with_place(place)
            .with_hint("paths there begin with `/` and are of letters, digits and `-_.,:+@=`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> SystemdRequest {
        SystemdRequest {
            workspace: "/srv/shop".into(),
            binary: "/usr/local/bin/stackhand".into(),
            user: "stackhand".to_owned(),
            grace: Duration::from_mins(5),
        }
    }

    fn value<'u>(unit: &'u str, key: &str) -> Vec<&'u str> {
        unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
    }

    #[test]
    fn the_service_is_given_time_and_little_else() {
        let (name, unit) = systemd_unit(&request()).expect("a unit");
        assert_eq!(name, "stackhand-shop.service");
        assert!(!unit.contains('{') && !unit.contains('}'), "{unit}");
        for (key, wanted) in [
            ("ExecStart", "/usr/local/bin/stackhand serve --grace 300s"),
            ("TimeoutStopSec", "360s"),
            ("KillSignal", "SIGTERM"),
            ("Restart", "always"),
            ("ReadWritePaths", "/srv/shop/.stackhand"),
            ("ProtectSystem", "strict"),
            ("ProtectHome", "yes"),
            ("NoNewPrivileges", "yes"),
            ("CapabilityBoundingSet", ""),
            ("SystemCallFilter", "@system-service"),
            ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ] {
            assert_eq!(value(&unit, key), [wanted], "{key}");
        }
    }

    #[test]
    fn a_workspace_in_a_home_can_be_read() {
        let (_, unit) =
            systemd_unit(&SystemdRequest { workspace: "/home/ada/shop".into(), ..request() }).expect("a unit");
        assert_eq!(value(&unit, "ProtectHome"), ["read-only"]);
    }

    #[test]
    fn what_would_mean_something_else_is_refused() {
        for path in ["shop", "/srv/my shop", "/srv/100%", "/srv/$HOME", "/srv/a\"b", "/srv/a\nUser=root"] {
            let error = systemd_unit(&SystemdRequest { workspace: path.into(), ..request() }).expect_err(path);
            assert_eq!((error.kind, error.code), (Kind::Usage, "bad_path"), "{path}");
        }
        for user in ["", "-a", "a b", "a\nExecStartPre=x"] {
            let error = systemd_unit(&SystemdRequest { user: user.to_owned(), ..request() }).expect_err(user);
            assert_eq!(error.code, "bad_name", "{user}");
        }
    }
}
