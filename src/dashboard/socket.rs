//! Questions over a socket of the file system: a line of JSON asked, a line of JSON answered. Who may open the socket may
//! ask: it is its user's alone.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::View;
use crate::clock::Clock;

/// The longest line that is read, in bytes.
const LONGEST: u64 = 1 << 20;
/// So many are heard at once.
const MOST_CONNECTIONS: usize = 32;
/// How long an answer is waited for, and a question once somebody has connected.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest path that a socket is reached by, in bytes: systems take from 104 on.
const LONGEST_PATH: usize = 100;
/// Where a socket is made, beside its place: nobody else may look into it.
const MADE_IN: &str = ".serve";

/// Opens the socket; what an earlier process left in its place is replaced. Only one process may do so at a time.
///
/// # Errors
/// When it cannot be made.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    let folder = path.parent().unwrap_or(Path::new("")).join(MADE_IN);
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // At no time may somebody else connect: it comes to its place with its permissions.
    let made = folder.join("sock");
    let bound = remove(&made).and_then(|()| bind(&made)).and_then(|listener| {
        std::fs::set_permissions(&made, Permissions::from_mode(0o600))?;
        std::fs::rename(&made, path)?;
        Ok(listener)
    });
    let _ = remove(&made).and_then(|()| std::fs::remove_dir(&folder));
    bound
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let (way, _folder) = way_to(path)?;
    UnixListener::bind(way)
}

/// A path to a socket that is no longer than sockets have, and the folder that must stay open as long as it is used.
fn way_to(path: &Path) -> io::Result<(PathBuf, Option<File>)> {
    use std::os::fd::AsRawFd as _;
    if path.as_os_str().len() <= LONGEST_PATH {
        return Ok((path.to_owned(), None));
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    let folder = File::open(folder)?;
    let way = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string());
    if !way.exists() {
        let message = format!("its path is longer than {LONGEST_PATH} bytes; move the workspace to a shorter one");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok((way.join(name), Some(folder)))
}

/// Answers until it is dropped.
pub async fn serve_questions(view: Arc<dyn View>, listener: UnixListener) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let view = view.clone();
                tokio::spawn(async move {
                    let _permit = permit;
                    // Who goes away needs no answer.
                    let _ = converse(view.as_ref(), stream).await;
                });
            }
            // Too many files are open; some will be closed.
            Err(_) => Clock::process().sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn converse(view: &dyn View, stream: UnixStream) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    // Who asks nothing does not keep others from asking.
    while let Some(line) = Clock::process().timeout(PATIENCE, next_line(&mut reader)).await.transpose()?.flatten() {
        let answer = match serde_json::from_slice(&line) {
            Ok(question) => view.answer(question).await,
            Err(error) => json!({ "error": { "kind": "usage", "code": "not_json", "message": error.to_string() } }),
        };
        write_line(&mut writer, &answer).await?;
    }
    Ok(())
}

/// Asks one question.
///
/// # Errors
/// When nobody listens, or no answer comes.
pub async fn ask(path: &Path, question: &Value) -> io::Result<Value> {
    let asked = async {
        let (way, _folder) = way_to(path)?;
        let (reader, mut writer) = UnixStream::connect(way).await?.into_split();
        write_line(&mut writer, question).await?;
        let line = next_line(&mut BufReader::new(reader)).await?;
        let line = line.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        serde_json::from_slice(&line).map_err(io::Error::other)
    };
    let answer = Clock::process().timeout(PATIENCE, asked).await;
    answer.unwrap_or_else(|| Err(io::Error::from(io::ErrorKind::TimedOut)))
}

async fn next_line(reader: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = reader.take(LONGEST).read_until(b'\n', &mut line).await?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        return Err(io::Error::other("the line is too long, or broken off"));
    }
    Ok(Some(line))
}

async fn write_line(writer: &mut (impl tokio::io::AsyncWrite + Unpin), value: &Value) -> io::Result<()> {
    let mut line = serde_json::to_vec(value).map_err(io::Error::other)?;
    line.push(b'\n');
    writer.write_all(&line).await?;
    writer.flush().await
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;

    use super::*;

    struct Echo;

    impl View for Echo {
        fn readiness(&self) -> Result<(), String> {
            Ok(())
        }

        fn figures(&self) -> BoxFuture<'_, String> {
            Box::pin(std::future::ready(String::new()))
        }

        fn answer(&self, question: Value) -> BoxFuture<'_, Value> {
            Box::pin(std::future::ready(json!({ "asked": question })))
        }
    }

    #[tokio::test]
    async fn a_question_is_answered_and_the_socket_is_its_users_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("serve.sock");
        std::fs::write(&path, "left behind").expect("written");
        let listener = listen(&path).expect("it listens");
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let server = tokio::spawn(serve_questions(Arc::new(Echo), listener));
        assert_eq!(ask(&path, &json!({ "do": 1 })).await.expect("an answer"), json!({ "asked": { "do": 1 } }));
        let mut stream = UnixStream::connect(&path).await.expect("it listens");
        stream.write_all(b"no json\n").await.expect("written");
        let line = next_line(&mut BufReader::new(stream)).await.expect("an answer").expect("a line");
        assert!(String::from_utf8_lossy(&line).contains("not_json"));
        server.abort();
        let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").filter_map(Result::ok).collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[tokio::test]
    async fn a_path_that_is_longer_than_sockets_have_is_reached_all_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("a-folder-with-a-name-of-some-length/".repeat(8));
        std::fs::create_dir_all(&deep).expect("made");
        let path = deep.join("serve.sock");
        assert!(ask(&path, &json!({})).await.is_err_and(|error| error.kind() == io::ErrorKind::NotFound));
        let listener = listen(&path).expect("it listens");
        let server = tokio::spawn(serve_questions(Arc::new(Echo), listener));
        assert_eq!(ask(&path, &json!(7)).await.expect("an answer"), json!({ "asked": 7 }));
        server.abort();
    }

    #[tokio::test]
    async fn nobody_who_listens_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(ask(&folder.path().join("serve.sock"), &json!({})).await.is_err());
    }
}
