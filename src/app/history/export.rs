//! Records that stand for themselves: each with all that the run's first record and the change's own say.

use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result};
use crate::journal::{Entry, Record, RunFile};

/// The records of a run, each with all that is known of the run and the change.
///
/// # Errors
/// Never for what was read from a journal.
pub fn export(file: &RunFile) -> Result<Vec<Value>> {
    let mut run = Map::new();
    let mut changes: std::collections::BTreeMap<u64, Map<String, Value>> = std::collections::BTreeMap::new();
    let mut exported = Vec::with_capacity(file.entries.len());
    for entry in &file.entries {
        let own = fields(entry)?;
        let mut whole = run.clone();
        let call = match &entry.record {
            Record::Run(_) => {
                run.clone_from(&own);
                for link in ["seq", "previous", "time", "record"] {
                    run.remove(link);
                }
                None
            }
            Record::Before(before) => {
                changes.insert(before.call, own.clone());
                None
            }
            Record::After(after) => Some(after.call),
            Record::Settled(settled) => Some(settled.call),
            Record::Module(_) | Record::End(_) => None,
        };
        whole.extend(call.and_then(|call| changes.get(&call)).cloned().unwrap_or_default());
        whole.extend(own);
        exported.push(Value::Object(whole));
    }
    Ok(exported)
}

fn fields(entry: &Entry) -> Result<Map<String, Value>> {
    match serde_json::to_value(entry) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => Err(Error::new(Kind::Bug, "record_not_writable", "a record cannot be written")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_says_whose_it_is_and_of_which_object() {
        let link = |seq: u64| format!("\"seq\":{seq},\"previous\":\"00\",\"time\":\"2026-11-22T12:00:00Z\"");
        let lines = [
            format!(
                "{{{},\"record\":\"run\",\"run\":\"r\",\"command\":\"run\",\"who\":{{\"user\":\"ada\"}},\"version\":\"0\"}}",
                link(0)
            ),
            format!(
                "{{{},\"record\":\"before\",\"call\":1,\"attempt\":1,\"operation\":\"iaas.stop_server\",\"effect\":\"update\",\"host\":\"h\",\"request\":\"POST /\"}}",
                link(1)
            ),
            format!(
                "{{{},\"record\":\"after\",\"call\":1,\"attempt\":1,\"outcome\":\"done\",\"milliseconds\":1}}",
                link(2)
            ),
        ];
        let entries = lines.iter().map(|line| serde_json::from_str(line).expect("a record")).collect();
        let file = RunFile { path: std::path::PathBuf::new(), entries, notes: Vec::new() };
        let exported = export(&file).expect("exported");
        let after = &exported[2];
        assert_eq!(
            (&after["record"], &after["run"], &after["who"]["user"]),
            (&"after".into(), &"r".into(), &"ada".into())
        );
        assert_eq!(
            (&after["operation"], &after["outcome"], &after["seq"]),
            (&"iaas.stop_server".into(), &"done".into(), &2.into())
        );
    }
}
