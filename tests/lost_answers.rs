//! Whatever goes wrong on the way, a create makes one object at most, and what is said of it is true.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use stackhand::app::Simulated;
use stackhand::catalog;
use stackhand::clock::Clock;
use stackhand::error::Kind;
use stackhand::simulator::world::{demo, demo_start};
use stackhand::simulator::{Faults, Simulator};
use stackhand::transport::{Answer, Call, Client, Error, Target};

use crate::guarded::guarded;

struct Cloud {
    clock: Clock,
    simulator: Arc<Simulator>,
    client: Client,
    target: Target,
    runtime: tokio::runtime::Runtime,
}

impl Cloud {
    fn new(seed: u64) -> Self {
        let clock = Clock::starting_at(demo_start());
        let simulator = Arc::new(Simulator::new(demo(demo_start()), clock.clone()));
        let backend = Simulated::new(simulator.clone());
        let client = Client::builder(guarded(backend.clone()), Arc::new(backend), clock.clone()).seed(seed).build();
        let target = Target { project: Some(simulator.first_project()), region: Some("eu01".to_owned()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { clock, simulator, client, target, runtime }
    }

    fn suffer(&self, rules: &[Value]) {
        let text = json!({ "rules": rules }).to_string();
        self.simulator.set_faults(Faults::parse(&text, "faults.json").expect("good rules"));
    }

    fn call(&self, name: &str) -> Call {
        Call::new(catalog::operation("iaas", name).expect("the catalogue has it"), self.target.clone())
    }

    fn send(&self, call: Call) -> Result<Answer, Error> {
        let _busy = self.clock.busy();
        self.runtime.block_on(self.client.send(call))
    }

    /// The ids of the volumes of this name, without any fault.
    fn volumes(&self, name: &str) -> Vec<String> {
        self.suffer(&[]);
        let list = self.call("list_volumes");
        let operation = list.operation;
        let answer: Value = self.send(list).expect("a list").json(operation).expect("JSON");
        let items = answer["items"].as_array().expect("items").clone();
        let named = items.iter().filter(|item| item["name"] == name);
        named.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    }
}

/// One thing that goes wrong with one call of one operation.
fn fault() -> impl Strategy<Value = Value> {
    let operation = prop_oneof![4 => Just("create_volume"), 2 => Just("list_volumes"), 1 => Just("get_volume")];
    let what = prop_oneof![
        Just(json!({ "reset": "before" })),
        Just(json!({ "reset": "after" })),
        Just(json!({ "truncateBytes": 7 })),
        Just(json!({ "status": 401 })),
        Just(json!({ "status": 429 })),
        Just(json!({ "status": 429, "retryAfterSeconds": 3 })),
        Just(json!({ "status": 503, "retryAfterSeconds": 2 })),
        (prop::sample::select(vec![408, 500, 502, 503, 504]), any::<bool>())
            .prop_map(|(status, effect_taken)| json!({ "status": status, "effectTaken": effect_taken })),
        Just(json!({ "latencySeconds": 600.0 })),
    ];
    (operation, 1_u64..4, what).prop_map(|(operation, nth, mut rule)| {
        rule["operation"] = json!(operation);
        rule["nth"] = json!(nth);
        rule
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_create_makes_one_object_at_most_and_tells_the_truth(
        faults in prop::collection::vec(fault(), 0..5), seed: u64, has_older: bool,
    ) {
        let cloud = Cloud::new(seed);
        let create = || {
            let body = json!({ "name": "lost-and-found", "availabilityZone": "eu01-1", "size": 1 });
            cloud.call("create_volume").with_json(body)
        };
        let operation = create().operation;
        let before: Vec<String> = if has_older {
            cloud.send(create()).expect("no fault yet");
            cloud.volumes("lost-and-found")
        } else {
            Vec::new()
        };
        cloud.suffer(&faults);
        let result = cloud.send(create());
        let made: Vec<_> = cloud.volumes("lost-and-found").into_iter().filter(|id| !before.contains(id)).collect();
        prop_assert!(made.len() <= 1, "made twice: {:?}", made);
        match result {
            Ok(answer) => {
                let answer: Value = answer.json(operation).expect("JSON");
                prop_assert_eq!(answer["id"].as_str(), made.first().map(String::as_str));
            }
            Err(error) if error.kind == Kind::Ambiguous => {
                prop_assert!(error.facts.candidates.iter().all(|id| made.contains(id)), "{:?}", error);
            }
            Err(error) => prop_assert!(made.is_empty(), "it was made, and yet: {error:?}"),
        }
    }
}
