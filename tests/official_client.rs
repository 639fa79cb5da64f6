//! STACKIT's own Python SDK against `stackhand sim`, through the key flow. Needs `STACKHAND_PYTHON`, an interpreter with
//! the packages of `tests/official_client/requirements.txt`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The simulator as a process of its own; ended when dropped.
struct Simulator(Child);

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_official_sdk_works_against_the_simulator() {
    let python = std::env::var("STACKHAND_PYTHON").expect("STACKHAND_PYTHON names a Python with STACKIT's SDK");
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("sa.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_stackhand"))
        .args(["sim", "--listen", "127.0.0.1:0", "--speed", "60", "--key-file"])
        .arg(&key)
        .args(["-o", "ndjson"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the simulator starts");
    let stdout = child.stdout.take().expect("its output is piped");
    let _simulator = Simulator(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
    let said: serde_json::Value = serde_json::from_str(&line).expect("in JSON");
    let text = |key: &str| said[key].as_str().unwrap_or_else(|| panic!("it says its {key}: {line}")).to_owned();

    let status = Command::new(python)
        .args(["-W", "ignore::UserWarning", "-m", "unittest", "-v", "test_iaas"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/official_client"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SIM_BASE_URL", text("url"))
        .env("SIM_PROJECT_ID", text("project_id"))
        .env("SIM_KEY_FILE", &key)
        .status()
        .expect("Python runs");
    assert!(status.success(), "STACKIT's SDK found the simulator wanting");
}
