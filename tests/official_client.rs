//! STACKIT's own Python SDK against `stackhand sim`, through the key flow. Needs `STACKHAND_PYTHON`, an interpreter with
//! the packages of `tests/official_client/requirements.txt`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use stackhand::simulator::world::{demo, demo_start};

/// The simulator as a process of its own; ended when dropped.
struct Simulator {
    process: Child,
    folder: tempfile::TempDir,
    told: Value,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Simulator {
    fn start(world: Option<&Value>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_stackhand"));
        command.args(["sim", "--listen", "127.0.0.1:0", "--speed", "60", "-o", "ndjson"]);
        command.arg("--key-file").arg(folder.path().join("sa.json"));
        if let Some(world) = world {
            let file = folder.path().join("world.json");
            std::fs::write(&file, world.to_string()).expect("written");
            command.arg("--world").arg(file);
        }
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the simulator starts");
        let stdout = process.stdout.take().expect("its output is piped");
        let mut simulator = Self { process, folder, told: Value::Null };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        simulator.told = serde_json::from_str(&line).expect("in JSON");
        simulator
    }

    fn told(&self, key: &str) -> &str {
        self.told[key].as_str().unwrap_or_else(|| panic!("it says its {key}: {}", self.told))
    }

    /// Runs a module of tests that use STACKIT's SDK.
    fn satisfies(&self, module: &str) {
        let python = std::env::var("STACKHAND_PYTHON").expect("STACKHAND_PYTHON names a Python with STACKIT's SDK");
        let status = Command::new(python)
            .args(["-W", "ignore::UserWarning", "-m", "unittest", "-v", module])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/official_client"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SIM_BASE_URL", self.told("url"))
            .env("SIM_PROJECT_ID", self.told("project_id"))
            .env("SIM_KEY_FILE", self.folder.path().join("sa.json"))
            .status()
            .expect("Python runs");
        assert!(status.success(), "STACKIT's SDK found the simulator wanting");
    }
}

#[test]
fn the_official_sdk_works_against_the_simulator() {
    Simulator::start(None).satisfies("test_iaas");
}

#[test]
fn the_official_sdk_renews_its_token() {
    let mut world = demo(demo_start()).to_json(demo_start());
    // The SDK renews a token in the last five minutes of its life.
    world["tokenLifetimeSeconds"] = json!(240);
    Simulator::start(Some(&world)).satisfies("test_renewal");
}
