//! Who sits at the machine, asked of the system's files rather than of variables, which anybody may set.

use crate::config::Environment;

/// The machine's name.
#[must_use]
pub fn host(environment: &Environment) -> Option<String> {
    let of_files = ["/proc/sys/kernel/hostname", "/etc/hostname"].into_iter().find_map(|file| {
        let name = std::fs::read_to_string(file).ok()?;
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    });
    of_files.or_else(|| environment.host().map(str::to_owned))
}

/// The user that the process runs as.
#[must_use]
pub fn user(environment: &Environment) -> Option<String> {
    of_system().or_else(|| environment.user().map(str::to_owned))
}

#[cfg(target_os = "linux")]
fn of_system() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let id = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    });
    Some(named.unwrap_or(id))
}

#[cfg(not(target_os = "linux"))]
fn of_system() -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn variables_are_not_believed_where_the_system_knows() {
        let liar = Environment::empty("/").with("USER", "somebody-else").with("HOSTNAME", "elsewhere");
        assert_ne!(user(&liar).expect("a user"), "somebody-else");
        assert_ne!(host(&liar).expect("a host"), "elsewhere");
    }
}
