//! Files with secrets that others can read: the one rule for keys, tokens, passwords and secret URLs.

use std::fs::Metadata;
use std::path::Path;

/// A warning if others than the file's owner may read it: every user of the machine, or, of a file that is this
/// process's own, its group. What belongs to somebody else, such as `root`, is given to a process by its group, and
/// cannot be shut without shutting it out.
#[cfg(unix)]
#[must_use]
pub fn openness(path: &Path, metadata: &Metadata) -> Option<String> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    let mode = metadata.permissions().mode() & 0o777;
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    let readers = readers(mode, is_own)?;
    let path = path.display();
    Some(format!("{path} can be read by {readers} (mode {mode:03o}): `chmod 600 {path}`"))
}

/// Who may read a file besides its owner.
#[cfg(unix)]
fn readers(mode: u32, is_own: bool) -> Option<&'static str> {
    match (mode & 0o004 != 0, mode & 0o040 != 0) {
        (true, _) => Some("every user of this machine"),
        (false, true) if is_own => Some("all users of its group"),
        (false, _) => None,
    }
}

/// A warning if others than the file's owner may read it; not known here.
#[cfg(not(unix))]
#[must_use]
pub fn openness(_path: &Path, _metadata: &Metadata) -> Option<String> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_group_counts_as_others_unless_it_is_how_the_file_was_given() {
        assert_eq!(readers(0o644, false), Some("every user of this machine"));
        assert_eq!(readers(0o604, true), Some("every user of this machine"));
        assert_eq!(readers(0o640, true), Some("all users of its group"));
        for (mode, is_own) in
            [(0o640, false), (0o440, false), (0o600, true), (0o400, true), (0o620, true), (0o710, true)]
        {
            assert_eq!(readers(mode, is_own), None, "{mode:o}");
        }
    }

    #[test]
    fn a_file_of_our_own_that_its_group_can_read_is_warned_of() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let told = |mode| {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("set");
            openness(file.path(), &file.path().metadata().expect("it is there"))
        };
        let path = file.path().display();
        let open = format!("{path} can be read by all users of its group (mode 640): `chmod 600 {path}`");
        assert_eq!(told(0o640), Some(open));
        assert_eq!(told(0o600), None);
    }
}
