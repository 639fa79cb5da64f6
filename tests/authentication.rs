//! The key flow from a key file in the environment to a token that the simulated API accepts.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use stackhand::auth::{
    self, Opened, Surroundings, SystemPrograms, TokenEndpoint, TokenReply, TokenRequest, Unreachable,
};
use stackhand::clock::Clock;
use stackhand::config::{Environment, Given, Settings};
use stackhand::error::Error;
use stackhand::secret::Scrubber;
use stackhand::simulator::world::{ServiceAccount, demo, demo_start};
use stackhand::simulator::{Reply, Simulator, key_file};

/// The simulator's token endpoint without a socket.
struct Desk(Arc<Simulator>);

impl TokenEndpoint for Desk {
    fn send(&self, request: TokenRequest) -> BoxFuture<'_, Result<TokenReply, Unreachable>> {
        Box::pin(async move {
            let TokenRequest::Form { url, fields, .. } = request else {
                return Err(Unreachable { message: "no route to host".to_owned(), is_timeout: false, hint: None });
            };
            let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", value.expose())).collect();
            let request = http::Request::post(url).body(fields.join("&").into()).expect("a request");
            let Reply::Whole(answer) = self.0.answer(request).await else { panic!("no faults were asked for") };
            Ok(TokenReply { status: answer.status().as_u16(), body: answer.into_body(), ..TokenReply::default() })
        })
    }
}

struct Place {
    folder: tempfile::TempDir,
    simulator: Arc<Simulator>,
    clock: Clock,
    key: Value,
}

impl Place {
    fn new() -> Self {
        let clock = Clock::starting_at(demo_start());
        let simulator = Arc::new(Simulator::new(demo(demo_start()), clock.clone()));
        let account: &ServiceAccount = simulator.tokens().account();
        let key = key_file::make(account, "http://127.0.0.1:8080/token", clock.now()).expect("a key");
        simulator.tokens().accept_key(key_file::known_key(&key, account).expect("its own key"));
        Self { folder: tempfile::tempdir().expect("a folder"), simulator, clock, key }
    }

    fn open(&self, key: &Value) -> Result<Opened, Error> {
        let path = self.folder.path().join("key.json");
        std::fs::write(&path, key.to_string()).expect("written");
        let environment = Environment::empty(self.folder.path())
            .with("STACKIT_SERVICE_ACCOUNT_KEY_PATH", path.to_str().expect("a plain path"));
        let settings = Settings::resolve(&environment, &Given::default(), &[])?;
        let surroundings = Surroundings {
            clock: self.clock.clone(),
            scrubber: Scrubber::new(),
            endpoint: Arc::new(Desk(self.simulator.clone())),
            programs: Arc::new(SystemPrograms),
        };
        auth::open(&settings, &surroundings)
    }

    fn accepts(&self, token: &str) -> bool {
        self.simulator.tokens().check(Some(&format!("Bearer {token}")), self.clock.now()).is_ok()
    }
}

#[tokio::test]
async fn a_key_file_gets_tokens_that_are_accepted_and_renewed() {
    let place = Place::new();
    let opened = place.open(&place.key).expect("a usable key");
    assert_eq!(opened.identity.key_id.as_deref(), place.key["credentials"]["kid"].as_str());
    let first = opened.source.token().await.expect("a token");
    assert!(place.accepts(first.expose()));
    place.clock.sleep(Duration::from_hours(12)).await;
    assert!(!place.accepts(first.expose()));
    let second = opened.source.token().await.expect("another token");
    assert!(place.accepts(second.expose()));
}

#[tokio::test]
async fn a_key_that_the_service_does_not_know_is_refused_with_its_name() {
    let place = Place::new();
    let mut key = place.key.clone();
    key["credentials"]["kid"] = json!("00000000-0000-4000-8000-000000000000");
    let opened = place.open(&key).expect("a key that looks right");
    let error = Error::from(opened.source.token().await.expect_err("an unknown key"));
    assert_eq!(error.code, "key_unknown");
    assert!(error.message.contains("00000000-0000-4000-8000-000000000000"), "{error}");
}

#[tokio::test]
async fn a_private_key_of_another_pair_is_recognised() {
    let place = Place::new();
    let mut key = place.key.clone();
    key["credentials"]["privateKey"] = Place::new().key["credentials"]["privateKey"].clone();
    let opened = place.open(&key).expect("a key that looks right");
    let error = Error::from(opened.source.token().await.expect_err("a wrong signature"));
    assert_eq!(error.code, "endpoint_refused");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("does not belong")), "{error:?}");
}
