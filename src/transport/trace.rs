//! One event a try: method, path, status, milliseconds, request id. Bodies only at level `trace`, redacted.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use crate::transport::BackendError;
use crate::transport::failure::request_id;
use crate::transport::redact::redacted;
use crate::transport::request::Prepared;

/// A try is about to be sent.
pub(super) fn sending(prepared: &Prepared, request: &Request<Bytes>, attempt: u32) {
    if !tracing::enabled!(tracing::Level::TRACE) {
        return;
    }
    tracing::trace!(
        operation = %operation(prepared),
        attempt,
        body = %redacted(prepared.operation, request.headers(), request.body(), Side::Request),
        "sending"
    );
}

/// A try has ended.
pub(super) fn answered(
    prepared: &Prepared,
    result: &Result<Response<Bytes>, BackendError>,
    attempt: u32,
    took: Duration,
) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let (method, path) = (prepared.operation.method.as_str(), prepared.uri.path());
    match result {
        Ok(answer) => {
            let status = answer.status().as_u16();
            let request_id = request_id(answer.headers());
            let request_id = request_id.as_deref().unwrap_or_default();
            tracing::debug!(method, path, host = prepared.host, status, milliseconds, request_id, attempt, "answered");
            if tracing::enabled!(tracing::Level::TRACE) {
                tracing::trace!(
                    operation = %operation(prepared),
                    attempt,
                    body = %redacted(prepared.operation, answer.headers(), answer.body(), Side::Answer),
                    "received"
                );
            }
        }
        Err(error) => {
            let reason = error.message.as_str();
            tracing::debug!(method, path, host = prepared.host, milliseconds, attempt, reason, "no answer");
        }
    }
}

/// A call of a rehearsal has ended; a change went nowhere, and must not read as if it had been made.
pub(super) fn rehearsed(prepared: &Prepared, result: &Result<Response<Bytes>, BackendError>) {
    let status = result.as_ref().map(|answer| answer.status().as_u16()).unwrap_or_default();
    tracing::debug!(method = prepared.operation.method.as_str(), path = prepared.uri.path(), status, "rehearsed");
}

/// Which of the two messages a body belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What was sent.
    Request,
    /// What came.
    Answer,
}

fn operation(prepared: &Prepared) -> String {
    crate::transport::error::name_of(prepared.operation)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::json;
    use tracing_subscriber::fmt::MakeWriter;

    use crate::transport::testing::{PROJECT, Stage, answer, call, empty};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("unpoisoned").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    /// Says to this test's own process that it is alone.
    const ALONE: &str = "STACKHAND_TEST_ALONE";

    /// What other tests log at the same time decides whether `tracing` looks at a line at all: it remembers that for the
    /// whole process. So this test starts itself once more, in a process of its own, and looks at the lines there.
    #[test]
    fn each_try_leaves_one_line_with_its_facts_and_no_secret() {
        if std::env::var_os(ALONE).is_some() {
            return look_at_the_lines();
        }
        let name = concat!(module_path!(), "::each_try_leaves_one_line_with_its_facts_and_no_secret");
        let name = name.split_once("::").expect("a path begins with its crate").1;
        let this = std::env::current_exe().expect("a test has a file");
        let ran = std::process::Command::new(this).args(["--exact", name]).env(ALONE, "1").output().expect("it runs");
        let told = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && told.contains("1 passed"), "{told}");
    }

    fn look_at_the_lines() {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(lines.clone())
            .finish();
        let created = json!({ "id": "22222222-2222-4222-8222-222222222222", "userData": "c2VjcmV0LWFuc3dlcg==" });
        let stage = Stage::new([empty(429), answer(201, &created).with("x-request-id", "req-7").after(2)]);
        let server = json!({
            "name": "web-1", "machineType": "c1.2", "userData": "c2VjcmV0LXJlcXVlc3Q=",
            "networking": { "networkId": "22222222-2222-4222-8222-222222222222" },
        });
        tracing::subscriber::with_default(subscriber, || {
            stage.send(call("create_server").with_json(server)).expect("it is made");
        });
        let text = String::from_utf8(lines.0.lock().expect("unpoisoned").clone()).expect("text");
        let facts: Vec<_> = text.lines().filter(|line| line.contains("answered")).collect();
        assert_eq!(facts.len(), 2, "{text}");
        for fact in [
            "method=\"POST\"",
            &format!("path=\"/v2/projects/{PROJECT}/regions/eu01/servers\""),
            "status=201",
            "milliseconds=2000",
            "request_id=\"req-7\"",
            "attempt=2",
        ] {
            assert!(facts[1].contains(fact), "{fact}: {}", facts[1]);
        }
        assert!(text.contains("\"name\":\"web-1\"") || text.contains("\\\"name\\\":\\\"web-1\\\""), "bodies are shown");
        assert!(!text.contains("token-1") && !text.contains("c2VjcmV0"), "{text}");
    }
}
