//! The platform when no credential was given: a script that asks nothing of it runs all the same.

use std::pin::Pin;

use crate::error::Error;
use crate::resources::Api;
use crate::transport::{Answer, Call};

/// Refuses every call, before anything else is found wrong with it.
pub(super) struct Locked(pub Error);

impl Api for Locked {
    fn send(&self, _call: Call) -> Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send + '_>> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use crate::app::{GivenCaps, Opening, RunRequest, Session, Simulation, run};
    use crate::config::{Environment, Given};
    use crate::engine::{Limits, Outcome, Silent, Source, Surroundings};
    use crate::error::Kind;
    use crate::policy::{ManagedObjects, Sources};
    use crate::secret::Scrubber;

    fn eval(script: &str) -> Outcome {
        let opening = Opening {
            environment: Environment::empty("/nowhere"),
            given: Given::default(),
            workspace: None,
            simulation: Simulation::default(),
            scrubber: Scrubber::new(),
            max_in_flight: None,
            max_calls: None,
            sources: Sources::default(),
            managed: ManagedObjects::default(),
            includes_self: false,
            caps: GivenCaps::default(),
            seed: 0,
            progress: None,
            consent: None,
            recording: None,
            worlds: None,
        };
        let session = Session::open(&opening).expect("it opens without a credential");
        assert_eq!(session.check_credential().expect_err("there is none").code, "no_credentials");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let request = RunRequest {
            source: Source::inline("test.rhai", script),
            arguments: BTreeMap::new(),
            limits: Limits::default(),
            fire_time: None,
            output: std::sync::Arc::new(Silent),
            cancel: tokio_util::sync::CancellationToken::new(),
            kept: std::sync::Arc::default(),
            surroundings: Surroundings::default(),
        };
        run(&session, runtime.handle().clone(), request)
    }

    #[test]
    fn only_a_script_that_asks_for_the_platform_needs_a_credential() {
        assert_eq!(eval("1 + 1").value, json!(2));
        for script in ["1; servers()", "import \"stackit/dns\" as dns; dns::list_zones()"] {
            let outcome = eval(script);
            let error = outcome.error().unwrap_or_else(|| panic!("{script} gives {}", outcome.value));
            assert_eq!((error.kind, error.code), (Kind::Auth, "no_credentials"), "{script}");
            assert_eq!(outcome.exit_code(), 3, "{script}");
        }
    }
}
