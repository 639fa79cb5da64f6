//! The file of `--out`. Nothing happens to one that is there before there is something to put in its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file of `--out`.
pub struct OutFile {
    way: Way,
    /// Open once something was written.
    file: Option<File>,
}

/// How it is written.
enum Way {
    /// As it stands: a pipe, a device, or a file in a folder in which nothing may be created.
    Direct(PathBuf),
    /// Under another name beside it, which it then gets.
    Beside { target: PathBuf, unfinished: PathBuf },
}

impl OutFile {
    /// Makes sure that the file can be written, and leaves it as it is.
    ///
    /// # Errors
    /// When it cannot.
    pub fn new(path: &Path) -> io::Result<Self> {
        let way = match fs::metadata(path) {
            Ok(about) if about.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(about) if !about.is_file() => {
                // A pipe is not opened to try it: whoever reads it would see it end.
                Way::Direct(path.to_owned())
            }
            Ok(_) => {
                OpenOptions::new().write(true).open(path)?;
                // Through a link the file itself is replaced, not the link.
                let target = path.canonicalize()?;
                match beside(&target) {
                    Ok(unfinished) => Way::Beside { target, unfinished },
                    Err(_) => Way::Direct(target),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Way::Beside { target: path.to_owned(), unfinished: beside(path)? }
            }
            Err(error) => return Err(error),
        };
        Ok(Self { way, file: None })
    }

    /// Puts what was written in its place; without anything written, the file stays as it was.
    ///
    /// # Errors
    /// When that fails.
    pub fn finish(&mut self) -> io::Result<()> {
        match (self.file.take(), &self.way) {
            (Some(_), Way::Beside { target, unfinished }) => fs::rename(unfinished, target),
            _ => Ok(()),
        }
    }

    fn open(&self) -> io::Result<File> {
        match &self.way {
            Way::Direct(path) => File::create(path),
            Way::Beside { target, unfinished } => {
                let file = OpenOptions::new().write(true).create_new(true).open(unfinished)?;
                // Before anything is in it: what only its owner may read stays so.
                if let Ok(about) = fs::metadata(target) {
                    fs::set_permissions(unfinished, about.permissions())?;
                }
                Ok(file)
            }
        }
    }
}

/// The name under which a file is written, after making sure that it can be.
fn beside(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.unfinished", std::process::id()));
    let path = target.with_file_name(hidden);
    File::create(&path)?;
    fs::remove_file(&path)?;
    Ok(path)
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.file.is_none() {
            self.file = Some(self.open()?);
        }
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        // Not finished: it could not be written whole, and what was there before stays.
        if let (Some(_), Way::Beside { unfinished, .. }) = (&self.file, &self.way) {
            let _ = fs::remove_file(unfinished);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.collect()
    }

    #[test]
    fn a_file_is_replaced_when_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result");
        fs::write(&path, "old").unwrap();
        let mut out = OutFile::new(&path).unwrap();
        out.write_all(b"new ").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        out.write_all(b"text").unwrap();
        out.finish().unwrap();
        drop(out);
        assert_eq!(fs::read_to_string(&path).unwrap(), "new text");
        assert_eq!(names(folder.path()), ["result"]);
    }

    #[test]
    fn without_output_or_without_an_end_nothing_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result");
        OutFile::new(&path).unwrap().finish().unwrap();
        assert!(names(folder.path()).is_empty());
        fs::write(&path, "old").unwrap();
        OutFile::new(&path).unwrap().finish().unwrap();
        let mut broken_off = OutFile::new(&path).unwrap();
        broken_off.write_all(b"half").unwrap();
        drop(broken_off);
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(folder.path()).len()), ("old", 1));
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_are_kept() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("result"), folder.path().join("link"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut out = OutFile::new(&link).unwrap();
        out.write_all(b"new").unwrap();
        out.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn what_cannot_be_written_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(OutFile::new(folder.path()).is_err());
        assert!(OutFile::new(&folder.path().join("no/such")).is_err());
    }
}
