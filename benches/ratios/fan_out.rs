//! `parallel` against `buffer_unordered`: with a server that takes its time, and with one that takes none.

use std::time::Duration;

use super::Scale;
use super::raw::{Raw, runtime, timed};
use super::report::Figure;
use super::rounds::interleave;
use super::script::{Script, live_platform};
use super::server::Server;
use super::servers::id;

const AT_A_TIME: usize = 64;

pub fn measure(server: &Server, scale: Scale) -> Vec<Figure> {
    let calls = scale.of(1_000, 10_000);
    let slow = measure_at(server, Duration::from_millis(20), calls, 3, 1.05);
    let fast = measure_at(server, Duration::ZERO, calls, 7, 1.5);
    vec![slow, fast]
}

fn measure_at(server: &Server, delay: Duration, calls: usize, rounds: usize, limit: f64) -> Figure {
    let base = server.after(delay);
    let urls: Vec<String> = (0..calls).map(|number| Server::one(&base, &id(number))).collect();
    let (raw, runtime) = (Raw::new(), runtime());
    // The identifiers are made before the first turn.
    let prefix = id(0)[..24].to_owned();
    let script = Script::start(
        live_platform(&base),
        &format!(
            r#"let ids = []; for i in 0..{calls} {{ let n = `${{i}}`; ids.push("{prefix}" + "000000000000".sub_string(n.len()) + n); }}
               loop {{ print("turn"); let all = parallel(ids, #{{ workers: {AT_A_TIME} }}, |id| server(id)); if all.len() != {calls} {{ throw "too few" }} }}"#,
        ),
    );
    let [raw_times, script_times] = interleave(
        rounds,
        1,
        [Box::new(|| timed(|| runtime.block_on(raw.get_all(&urls, AT_A_TIME)))), Box::new(|| script.turn())],
    );
    script.end();
    let milliseconds = delay.as_millis();
    Figure::ratio(
        format!("fan-out: `parallel` of {calls} calls at {milliseconds} ms / buffer_unordered({AT_A_TIME})"),
        script_times.ratio_to(&raw_times),
    )
    .at_most(limit)
    .note(format!(
        "{:.2} s, reqwest {:.2} s; median of {rounds} rounds",
        script_times.median().as_secs_f64(),
        raw_times.median().as_secs_f64()
    ))
}
