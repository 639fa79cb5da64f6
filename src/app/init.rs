//! `init`: a workspace to begin with. Nothing that is there already is overwritten.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::config::Zone;
use crate::error::{Error, Kind, Result, io_cause};

/// The recipe that the job of a new workspace runs: one that only reads.
const RECIPE: &str = include_str!("../../scripts/quota_alert.rhai");
const TEMPLATE: &str = include_str!("init.toml");
const IGNORED: [&str; 2] = ["/.stackhand/", "/keys/"];

/// What goes into a new workspace.
#[derive(Debug, Clone)]
pub struct InitRequest {
    /// The folder.
    pub folder: PathBuf,
    /// The zone whose clock schedules are read on.
    pub zone: Zone,
    /// The name of the profile.
    pub profile: String,
    /// The project's UUID, if it is known.
    pub project: Option<String>,
    /// The region.
    pub region: String,
}

/// What became of the files of a new workspace, by their paths within it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Initialised {
    /// Written.
    pub written: Vec<String>,
    /// Added to.
    pub added_to: Vec<String>,
    /// There already, and left as they were.
    pub kept: Vec<String>,
}

/// Makes a workspace of a folder.
///
/// # Errors
/// Kind `config` when it is one already, or a file cannot be written.
pub fn init(request: &InitRequest) -> Result<Initialised> {
    let mut done = Initialised::default();
    let folder = &request.folder;
    let file = folder.join("stackhand.toml");
    let is_there = || {
        Error::new(Kind::Config, "workspace_exists", "this folder is a workspace already")
            .with_place(file.display().to_string())
            .with_hint("`stackhand jobs check` looks it over; nothing was written")
    };
    if file.symlink_metadata().is_ok() {
        return Err(is_there());
    }
    let scripts = folder.join("scripts");
    std::fs::create_dir_all(&scripts).map_err(|error| unwritable(&scripts, &error))?;
    let list = if create(&scripts.join("quota_alert.rhai"), RECIPE)? { &mut done.written } else { &mut done.kept };
    list.push("scripts/quota_alert.rhai".to_owned());
    ignore(folder, &mut done)?;
    // Last, so that what failed before can be tried again.
    if !create(&file, &workspace(request))? {
        return Err(is_there());
    }
    done.written.push("stackhand.toml".to_owned());
    Ok(done)
}

fn workspace(request: &InitRequest) -> String {
    let project = match &request.project {
        Some(project) => format!("project_id = \"{project}\""),
        None => "# project_id = \"00000000-0000-0000-0000-000000000000\"".to_owned(),
    };
    TEMPLATE
        .replace("{timezone}", request.zone.name())
        .replace("{profile}", &request.profile)
        .replace("{project}", &project)
        .replace("{region}", &request.region)
}

/// Writes a file that is not there yet; tells whether it did.
fn create(path: &Path, text: &str) -> Result<bool> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true).map_err(|error| unwritable(path, &error)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(unwritable(path, &error)),
    }
}

/// Keeps state and keys out of the repository.
fn ignore(folder: &Path, done: &mut Initialised) -> Result<()> {
    let path = folder.join(".gitignore");
    if create(&path, &format!("{}\n", IGNORED.join("\n")))? {
        done.written.push(".gitignore".to_owned());
        return Ok(());
    }
    let there = std::fs::read_to_string(&path).map_err(|error| unwritable(&path, &error))?;
    let is_there = |wanted: &&str| there.lines().any(|line| line.trim().trim_matches('/') == wanted.trim_matches('/'));
    let missing: Vec<&str> = IGNORED.into_iter().filter(|line| !is_there(line)).collect();
    if missing.is_empty() {
        done.kept.push(".gitignore".to_owned());
        return Ok(());
    }
    let gap = if there.is_empty() || there.ends_with('\n') { "" } else { "\n" };
    let mut file = OpenOptions::new().append(true).open(&path).map_err(|error| unwritable(&path, &error))?;
    let text = format!("{gap}{}\n", missing.join("\n"));
    file.write_all(text.as_bytes()).map_err(|error| unwritable(&path, &error))?;
    done.added_to.push(".gitignore".to_owned());
    Ok(())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(Kind::Config, "unwritable", format!("it cannot be written: {}", io_cause(error)))
        .with_place(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Workspace;

    fn request(folder: &Path) -> InitRequest {
        InitRequest {
            folder: folder.to_owned(),
            zone: Zone::of("Europe/Berlin").expect("known"),
            profile: "shop-test".to_owned(),
            project: Some("5c1f0a3e-7d42-4b86-9e0d-2f6b8a41c7d9".to_owned()),
            region: "eu01".to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_a_workspace_with_each_line_explained() {
        for project in [None, request(Path::new("/")).project] {
            let text = workspace(&InitRequest { project, ..request(Path::new("/")) });
            assert!(["{timezone}", "{profile}", "{project}", "{region}"].iter().all(|place| !text.contains(place)));
            let read = Workspace::read(Path::new("stackhand.toml"), &text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read.jobs.len(), 1);
            assert!(read.profiles.contains_key("shop-test") && read.channels.contains_key("ops"));
            for line in text.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')) {
                assert!(line.contains(" # "), "{line}");
            }
        }
    }

    #[test]
    fn what_is_there_is_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("scripts")).expect("a folder");
        std::fs::write(path("scripts/quota_alert.rhai"), "mine").expect("a file");
        std::fs::write(path(".gitignore"), "target\nkeys").expect("a file");
        let done = init(&request(folder.path())).expect("written");
        assert_eq!(done.written, ["stackhand.toml"]);
        assert_eq!(done.kept, ["scripts/quota_alert.rhai"]);
        assert_eq!(done.added_to, [".gitignore"]);
        assert_eq!(std::fs::read_to_string(path("scripts/quota_alert.rhai")).expect("a file"), "mine");
        assert_eq!(std::fs::read_to_string(path(".gitignore")).expect("a file"), "target\nkeys\n/.stackhand/\n");
        let before = std::fs::read_to_string(path("stackhand.toml")).expect("a file");
        assert_eq!(init(&request(folder.path())).expect_err("there").code, "workspace_exists");
        assert_eq!(std::fs::read_to_string(path("stackhand.toml")).expect("a file"), before);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("scripts"), "mine").expect("a file");
        let error = init(&request(folder.path())).expect_err("a file in the way");
        assert_eq!((error.code, error.exit_code() as u8), ("unwritable", 3));
        assert!(!folder.path().join("stackhand.toml").exists());
    }
}
