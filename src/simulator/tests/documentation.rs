//! The examples of `docs/simulator.md` are read as a user's files would be.

use chrono::{DateTime, Utc};

use crate::simulator::Faults;
use crate::simulator::world::World;

/// The code blocks that begin with this line.
fn blocks(kind: &str) -> Vec<&'static str> {
    let text = include_str!("../../../docs/simulator.md");
    let opening = format!("```json {kind}\n");
    text.split(opening.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_examples_read() {
    for world in blocks("world") {
        let world = World::from_json(world, "docs/simulator.md", DateTime::<Utc>::UNIX_EPOCH).expect("a good world");
        let region = &world.projects[0].regions["eu01"];
        assert_eq!((region.servers.len(), region.volumes.len(), region.snapshots.len()), (2, 2, 1));
        assert_eq!((region.quotas.vcpu, region.quotas.volumes), (8, 200));
    }
    for faults in blocks("faults") {
        assert_eq!(Faults::parse(faults, "docs/simulator.md").expect("good rules").rules.len(), 3);
    }
    assert_eq!((blocks("world").len(), blocks("faults").len()), (1, 1));
}
