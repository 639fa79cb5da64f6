//! One call of a script against one call of reqwest: what the gate, the checks, the retries and the language cost.

use std::time::Duration;

use super::Scale;
use super::raw::{Raw, runtime, timed};
use super::report::Figure;
use super::rounds::interleave;
use super::script::{Script, live_platform};
use super::server::Server;
use super::servers::id;

const CALLS: usize = 50;

pub fn measure(server: &Server, scale: Scale) -> Vec<Figure> {
    let base = server.after(Duration::ZERO);
    let id = id(0);
    let url = Server::one(&base, &id);
    let (raw, runtime) = (Raw::new(), runtime());
    let verb = Script::start(
        live_platform(&base),
        &format!("loop {{ print(\"turn\"); for i in 0..{CALLS} {{ server(\"{id}\"); }} }}"),
    );
    let module = Script::start(
        live_platform(&base),
        &format!(
            "import \"stackit/iaas\" as iaas; loop {{ print(\"turn\"); for i in 0..{CALLS} {{ iaas::get_server(\"{id}\"); }} }}"
        ),
    );
    let rounds = scale.of(30, 200);
    let [raw_calls, verb_calls, module_calls] = interleave(
        rounds,
        rounds / 10 + 2,
        [
            Box::new(|| {
                timed(|| {
                    runtime.block_on(async {
                        for _ in 0..CALLS {
                            raw.get(&url).await;
                        }
                    });
                })
            }),
            Box::new(|| verb.turn()),
            Box::new(|| module.turn()),
        ],
    );
    verb.end();
    module.end();
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(u32::try_from(CALLS).unwrap_or(1));
    let note = |samples: &super::rounds::Samples| {
        format!(
            "{:.1} us a call, reqwest {:.1}; {:.2} x at the p10",
            micros(samples.median()),
            micros(raw_calls.median()),
            samples.p10_ratio_to(&raw_calls)
        )
    };
    vec![
        Figure::ratio("call: `server(id)` / reqwest + serde_json", verb_calls.ratio_to(&raw_calls))
            .at_most(1.10)
            .note(note(&verb_calls)),
        Figure::ratio("call: `iaas::get_server(id)` / reqwest + serde_json", module_calls.ratio_to(&raw_calls))
            .at_most(1.10)
            .note(note(&module_calls)),
    ]
}
