//! The Python that `STACKHAND_PYTHON` names, else the system's; what is missing is left out, and said so.

use std::process::{Command, Stdio};

/// The interpreter, if it can run this line.
pub fn python(line: &str) -> Option<String> {
    let program = std::env::var("STACKHAND_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let status = Command::new(&program).args(["-c", line]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        return Some(program);
    }
    println!("left out: `{program} -c '{line}'` does not run (STACKHAND_PYTHON names another interpreter)");
    None
}
