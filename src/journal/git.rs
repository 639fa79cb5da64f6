//! Which commit is checked out where a recipe lies, read from git's own files.

use std::path::{Path, PathBuf};

/// The commit that is checked out in the work tree around a folder; `None` if there is none.
///
/// Source: gitrepository-layout(5): `.git` is a folder, or a file that names one; `HEAD` is a commit or names a
/// reference, which lies in a file of its own or in `packed-refs`, in the folder that `commondir` names.
#[must_use]
pub fn commit_of(folder: &Path) -> Option<String> {
    let folder = std::path::absolute(folder).ok()?;
    let git = folder.ancestors().find_map(|folder| git_folder(&folder.join(".git")))?;
    let head = read(&git.join("HEAD"))?;
    let Some(reference) = head.strip_prefix("ref: ") else { return commit(&head) };
    let common = read(&git.join("commondir")).map_or_else(|| git.clone(), |common| git.join(common));
    let loose = [&git, &common].into_iter().find_map(|folder| commit(&read(&folder.join(reference))?));
    loose.or_else(|| {
        let packed = read(&common.join("packed-refs"))?;
        packed.lines().find_map(|line| line.strip_suffix(reference).and_then(|id| commit(id.trim_end())))
    })
}

fn git_folder(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let named = read(path)?;
    Some(path.parent()?.join(named.strip_prefix("gitdir: ")?))
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// The text, if it is a commit's name: 40 hexadecimal digits, or 64.
fn commit(text: &str) -> Option<String> {
    let is_name = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_name.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    #[test]
    fn the_commit_is_found_loose_packed_detached_and_in_a_work_tree() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path();
        let inside = root.join("recipes");
        std::fs::create_dir(&inside).expect("a folder");
        assert_eq!(commit_of(&inside), None);
        write(root, ".git/HEAD", "ref: refs/heads/main\n");
        assert_eq!(commit_of(&inside), None, "nothing is committed yet");
        write(root, ".git/packed-refs", &format!("# pack-refs\n{COMMIT} refs/heads/main\n"));
        assert_eq!(commit_of(&inside).as_deref(), Some(COMMIT));
        let newer = COMMIT.replace('0', "f");
        write(root, ".git/refs/heads/main", &format!("{newer}\n"));
        assert_eq!(commit_of(&inside), Some(newer.clone()));
        write(root, ".git/worktrees/other/HEAD", "ref: refs/heads/main\n");
        write(root, ".git/worktrees/other/commondir", "../..\n");
        write(root, "other/.git", &format!("gitdir: {}\n", root.join(".git/worktrees/other").display()));
        assert_eq!(commit_of(&root.join("other")), Some(newer));
        write(root, ".git/HEAD", COMMIT);
        assert_eq!(commit_of(&inside).as_deref(), Some(COMMIT));
    }

    #[test]
    fn what_is_no_commit_is_not_taken_for_one() {
        let root = tempfile::tempdir().expect("a folder");
        write(root.path(), ".git/HEAD", "ref: ../../../etc/passwd");
        assert_eq!(commit_of(root.path()), None);
    }
}
