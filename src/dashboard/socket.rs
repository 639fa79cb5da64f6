//! Questions over a socket of the file system: a line of JSON asked, a line of JSON answered. Who may open the socket may
//! ask: it is its user's alone.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
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
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens the socket; what an earlier process left in its place is removed. Only one process may do so at a time.
///
/// # Errors
/// When it cannot be made, as where its path is longer than sockets have.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
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
    while let Some(line) = next_line(&mut reader).await? {
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
        let (reader, mut writer) = UnixStream::connect(path).await?.into_split();
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
    }

    #[tokio::test]
    async fn nobody_who_listens_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(ask(&folder.path().join("serve.sock"), &json!({})).await.is_err());
    }
}
