//! Every message that passes a client of these tests, held against STACKIT's own documents where they are at hand, and
//! against the catalogue's shapes where the library does not do that by itself: see `catalog::CHECKS_MESSAGES`.

use std::sync::Arc;

use bytes::Bytes;
use stackhand::catalog::{self, CHECKS_MESSAGES, Operation};
use stackhand::transport::{Backend, Sending};

use crate::official::Official;

/// A backend that panics at the first message that breaks the documents.
struct Guarded<B> {
    backend: B,
    official: Option<&'static Official>,
    answers: Answers,
}

/// Whose answers come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// Those of the simulator, which are as documented.
    Simulated,
    /// Whatever a test wants, wrong ones too.
    Invented,
}

/// A simulator's backend as every client of the tests gets it.
pub fn guarded(backend: impl Backend + 'static) -> Arc<dyn Backend> {
    guard(backend, Answers::Simulated)
}

/// A backend whose answers a test invents: only what is sent is looked at.
pub fn guarded_one_way(backend: impl Backend + 'static) -> Arc<dyn Backend> {
    guard(backend, Answers::Invented)
}

fn guard(backend: impl Backend + 'static, answers: Answers) -> Arc<dyn Backend> {
    let official = Official::shared();
    if official.is_none() && CHECKS_MESSAGES {
        return Arc::new(backend);
    }
    Arc::new(Guarded { backend, official, answers })
}

impl<B: Backend> Backend for Guarded<B> {
    fn send<'b>(&'b self, operation: &'static Operation, request: http::Request<Bytes>) -> Sending<'b> {
        Box::pin(async move {
            let mut wrongs = match self.official {
                Some(official) => official.wrongs_of_request(operation, &request),
                None => Vec::new(),
            };
            if !CHECKS_MESSAGES {
                wrongs.extend(catalog::wrongs_of_request(operation, &request));
            }
            assert!(wrongs.is_empty(), "`{}` is requested against its document: {wrongs:?}", operation.id);
            let answer = self.backend.send(operation, request).await?;
            if self.answers == Answers::Invented {
                return Ok(answer);
            }
            let mut wrongs = match self.official {
                Some(official) => official.wrongs_of_answer(operation, &answer),
                None => Vec::new(),
            };
            if !CHECKS_MESSAGES {
                wrongs.extend(catalog::wrongs_of_answer(operation, &answer));
            }
            let status = answer.status().as_u16();
            assert!(wrongs.is_empty(), "{status} answers `{}` against its document: {wrongs:?}", operation.id);
            Ok(answer)
        })
    }
}

#[test]
fn the_documents_tell_right_messages_from_wrong_ones() {
    let Some(official) = Official::shared() else { return };
    let operation = |name| catalog::operation("iaas", name).expect("the catalogue has it");
    let answered = |name, status: u16, body: &str| {
        let answer = http::Response::builder().status(status).header("content-type", "application/json");
        let answer = answer.body(Bytes::from(body.to_owned())).expect("an answer");
        official.wrongs_of_answer(operation(name), &answer).is_empty()
    };
    assert!(answered("list_servers", 200, r#"{"items": []}"#));
    assert!(!answered("list_servers", 200, r#"{"items": 7}"#));
    assert!(!answered("list_servers", 200, ""));
    assert!(!answered("list_servers", 203, r#"{"items": []}"#));
    assert!(answered("start_server", 202, ""));
    assert!(!answered("start_server", 202, "{}"));
    assert!(answered("get_server", 404, r#"{"code": 404, "msg": "no"}"#));
    assert!(!answered("get_server", 404, r#"{"code": 404}"#));
    assert!(answered("get_server", 429, r#"{"code": 429, "msg": "slower"}"#));
    assert!(!answered("get_server", 429, r#"{"message": "slower"}"#));
    let asked = |name, body: &str| {
        let request = http::Request::builder().header("content-type", "application/json");
        let request = request.body(Bytes::from(body.to_owned())).expect("a request");
        official.wrongs_of_request(operation(name), &request).is_empty()
    };
    assert!(asked("list_servers", ""));
    assert!(!asked("list_servers", "{}"));
    assert!(!asked("create_snapshot", ""));
    assert!(asked("create_snapshot", r#"{"volumeId": "22222222-2222-4222-8222-222222222222"}"#));
    assert!(!asked("create_snapshot", r#"{"volumeId": "data"}"#));
}

#[test]
fn no_client_of_the_tests_goes_unguarded() {
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the tests are readable") {
            let path = entry.expect("the entry is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("the test is readable");
                let is_guarded = !text.contains("Client::builder(")
                    || text.contains("guarded(")
                    || text.contains("guarded_one_way(");
                assert!(is_guarded, "{}: give its client a `guarded` backend", path.display());
            }
        }
    }
}
