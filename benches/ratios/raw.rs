//! What a user would write in Rust instead: reqwest and `serde_json::Value`.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::runtime::Runtime;

/// A client of reqwest's with its own defaults.
#[derive(Clone)]
pub struct Raw(reqwest::Client);

impl Raw {
    pub fn new() -> Self {
        Self(reqwest::Client::new())
    }

    /// One call, its answer parsed.
    pub async fn get(&self, url: &str) -> Value {
        let answer =
            self.0.get(url).bearer_auth("a-token-that-nobody-checks").send().await.expect("the server answers");
        let body = answer.bytes().await.expect("the answer is whole");
        serde_json::from_slice(&body).expect("the answer is JSON")
    }

    /// All calls, so many at a time.
    pub async fn get_all(&self, urls: &[String], at_a_time: usize) -> Vec<Value> {
        stream::iter(urls).map(|url| self.get(url)).buffer_unordered(at_a_time).collect().await
    }
}

/// The runtime of `#[tokio::main]`, with a thread for each of two cores.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// How long something took.
pub fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    drop(work());
    began.elapsed()
}
