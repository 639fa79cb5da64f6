//! From the start of the process to the first line that the script prints, for short scripts run over and over.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Scale;
use super::python::python;
use super::report::Figure;
use super::rounds::{Samples, interleave};

/// The rounds that count are those that other work on the machine disturbed least: a start is a few milliseconds, and
/// losing the processor once costs as much again. The note gives the median too.
fn figure(what: &str, samples: &Samples) -> Figure {
    let median = samples.median().as_secs_f64() * 1_000.0;
    Figure::time(what, samples.p10()).note(format!("p10; median {median:.1} ms"))
}

pub fn measure(scale: Scale) -> Vec<Figure> {
    let ours = Path::new(env!("CARGO_BIN_EXE_stackhand"));
    let folder = tempfile::tempdir().expect("a folder");
    let first_line = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder.path()).env_clear().env("HOME", folder.path());
        first_line(command)
    };
    let ours = ours.display().to_string();
    let rounds = scale.of(20, 100);
    let [nothing, plain, simulated, asked, python_alone, python_sdk] = {
        let plain_python = python("pass");
        let sdk = python("import stackit.iaas");
        let run = |program: &Option<String>, line: &str| {
            program.as_deref().map_or(Duration::ZERO, |program| first_line(program, &["-c", line]))
        };
        interleave(
            rounds,
            2,
            [
                Box::new(|| first_line("/bin/echo", &["1"])),
                Box::new(|| first_line(&ours, &["eval", "print(1)"])),
                Box::new(|| first_line(&ours, &["eval", "--sim", "print(1)"])),
                Box::new(|| first_line(&ours, &["eval", "--sim", "print(servers().len())"])),
                Box::new(|| run(&plain_python, "print(1, flush=True)")),
                Box::new(|| run(&sdk, "import stackit.iaas; print(1, flush=True)")),
            ],
        )
    };
    let mut figures = vec![
        figure("start: `eval 'print(1)'`", &plain).at_most(5.0),
        figure("start: `eval --sim 'print(1)'`", &simulated).at_most(15.0),
        figure("start: `eval --sim 'print(servers().len())'`", &asked).at_most(15.0),
        figure("start: /bin/echo, the least that a process takes", &nothing),
    ];
    for (what, samples) in [("python3 -c 'print(1)'", &python_alone), ("python3 -c 'import stackit.iaas'", &python_sdk)]
    {
        if samples.median() > Duration::ZERO {
            let ratio = Figure::ratio(format!("start: `eval 'print(1)'` / {what}"), plain.ratio_to(samples));
            figures.push(figure(&format!("start: {what}"), samples));
            figures.push(ratio);
        }
    }
    figures
}

/// How long it takes until a program has written a first byte; then it is waited for.
fn first_line(mut command: Command) -> Duration {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut output = child.stdout.take().expect("its output is piped");
    let mut byte = [0];
    output.read_exact(&mut byte).expect("the program prints a line");
    let took = began.elapsed();
    let _ = output.read_to_end(&mut Vec::new());
    let _ = child.wait();
    took
}
