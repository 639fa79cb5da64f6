//! What the simulated platform offers to every project: machine types, performance classes, zones.

use serde::{Deserialize, Serialize};

use super::model::Labels;

/// A machine type on offer. Memory in MiB, disk in GiB.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct MachineType {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub vcpus: i64,
    pub ram: i64,
    pub disk: i64,
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub extra_specs: Labels,
}

/// A volume performance class on offer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct PerformanceClass {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub iops: i64,
    pub throughput: i64,
    pub labels: Labels,
}

/// The performance class of a volume that names none.
pub const DEFAULT_PERFORMANCE_CLASS: &str = "storage_premium_perf1";

/// The zones of a region: three and the metro zone that spans them.
pub fn zones(region: &str) -> Vec<String> {
    ["1", "2", "3", "m"].iter().map(|suffix| format!("{region}-{suffix}")).collect()
}

/// The zone of what asks for none.
pub fn metro_zone(region: &str) -> String {
    format!("{region}-m")
}

/// Name, vCPUs, memory in MiB, disk in GiB, processor, overcommit.
/// Source: docs.stackit.cloud, machine types of EU01 (names and sizes); disk as the one official example has it.
const MACHINE_TYPES: &[(&str, i64, i64, i64, &str, &str)] = &[
    ("t1.1", 1, 512, 1, "intel-ivybridge-generic", "4"),
    ("t1.2", 1, 1_024, 10, "intel-icelake-generic", "4"),
    ("s1.2", 2, 2_048, 20, "intel-icelake-generic", "3"),
    ("s1.3", 4, 4_096, 20, "intel-icelake-generic", "3"),
    ("s1.4", 8, 8_192, 20, "intel-icelake-generic", "3"),
    ("c1.1", 1, 2_048, 20, "intel-icelake-generic", "2"),
    ("c1.2", 2, 4_096, 20, "intel-icelake-generic", "2"),
    ("c1.3", 4, 8_192, 20, "intel-icelake-generic", "2"),
    ("c2i.1", 1, 2_048, 20, "intel-sapphirerapids-generic", "2"),
    ("c2i.2", 2, 4_096, 20, "intel-sapphirerapids-generic", "2"),
    ("c2i.4", 4, 8_192, 20, "intel-sapphirerapids-generic", "2"),
    ("c2i.8", 8, 16_384, 20, "intel-sapphirerapids-generic", "2"),
    ("g2i.1", 1, 4_096, 20, "intel-sapphirerapids-generic", "2"),
    ("g2i.2", 2, 8_192, 20, "intel-sapphirerapids-generic", "2"),
    ("g2i.4", 4, 16_384, 20, "intel-sapphirerapids-generic", "2"),
    ("g2i.8", 8, 32_768, 20, "intel-sapphirerapids-generic", "2"),
    ("m2i.2", 2, 16_384, 20, "intel-sapphirerapids-generic", "2"),
    ("m2i.4", 4, 32_768, 20, "intel-sapphirerapids-generic", "2"),
    ("b1.2", 4, 65_536, 20, "intel-icelake-generic", "1"),
];

/// Name, operations a second, MB a second.
/// Source: docs.stackit.cloud and `iaas.v2.json` (perf0, perf1, perf6); the rest as third parties report it.
const PERFORMANCE_CLASSES: &[(&str, i64, i64)] = &[
    ("storage_premium_perf0", 120, 25),
    ("storage_premium_perf1", 500, 50),
    ("storage_premium_perf2", 1_000, 100),
    ("storage_premium_perf4", 2_000, 150),
    ("storage_premium_perf6", 5_000, 200),
    ("storage_premium_perf8", 10_000, 250),
    ("storage_premium_perf10", 15_000, 300),
    ("storage_premium_perf12", 20_000, 350),
];

/// The machine types of a world that lists none.
pub fn usual_machine_types() -> Vec<MachineType> {
    let specs = |cpu: &str, overcommit: &str| {
        Labels::from([("cpu".into(), cpu.into()), ("overcommit".into(), overcommit.into())])
    };
    MACHINE_TYPES
        .iter()
        .map(|&(name, vcpus, ram, disk, cpu, overcommit)| MachineType {
            name: name.into(),
            description: None,
            vcpus,
            ram,
            disk,
            extra_specs: specs(cpu, overcommit),
        })
        .collect()
}

/// The performance classes of a world that lists none.
pub fn usual_performance_classes() -> Vec<PerformanceClass> {
    PERFORMANCE_CLASSES
        .iter()
        .map(|&(name, iops, throughput)| PerformanceClass {
            name: name.into(),
            description: None,
            iops,
            throughput,
            labels: Labels::new(),
        })
        .collect()
}
