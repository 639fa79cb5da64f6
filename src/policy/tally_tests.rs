//! Tests of the tally: every cap at its edge, shares, give-back, many threads.

use super::*;
use crate::catalog;
use crate::policy::{Cap, CapSources, Daily, JobCaps};

fn operation(name: &str) -> &'static Operation {
    catalog::operation("iaas", name).unwrap_or_else(|| panic!("the catalogue has no iaas.{name}"))
}

fn tally(caps: &str) -> Tally {
    let sources = CapSources { flag: Cap::parse_all(caps).expect(caps), ..CapSources::default() };
    Tally::new(Caps::of(&sources), Reach::Stops)
}

fn on(name: &str, kind: &str, id: usize) -> Change {
    let object = Changed {
        collection: format!("{kind}s"),
        kind: kind.into(),
        id: id.to_string(),
        name: Some(format!("{kind}-{id}")),
        volume: None,
    };
    let mut deletions = Deletions::default();
    if operation(name).effect == Effect::Delete {
        deletions.own.insert(kind.into(), 1);
    }
    Change { operation: operation(name), ids: vec![object.id.clone()], objects: vec![object], deletions }
}

fn create() -> Change {
    Change {
        operation: operation("create_volume"),
        objects: Vec::new(),
        ids: Vec::new(),
        deletions: Deletions::default(),
    }
}

/// Objects with these ids; of the volumes that are named with them.
fn census(objects: impl IntoIterator<Item = (usize, Option<&'static str>)>) -> Census {
    let fact = |(id, volume): (usize, Option<&str>)| {
        let id = id.to_string();
        let facts =
            ObjectFacts { id: Some(id.clone()), volume_id: volume.map(str::to_owned), ..ObjectFacts::default() };
        (id, Arc::new(facts))
    };
    Census::Whole(Arc::new(objects.into_iter().map(fact).collect()))
}

fn ids(count: usize) -> Census {
    census((0..count).map(|id| (id, None)))
}

fn over(halt: Result<(), Halt>) -> Vec<String> {
    match halt.expect_err("it is refused") {
        Halt::Over(excesses) => excesses.iter().map(ToString::to_string).collect(),
        Halt::Census(index) => panic!("a census of object {index} is wanted"),
    }
}

#[test]
fn the_call_after_the_last_one_is_refused_and_not_counted() {
    let tally = tally("changes 3, share 100%");
    for _ in 0..3 {
        tally.admit(&create()).expect("within the cap");
    }
    assert_eq!(over(tally.admit(&create())), ["would make 4 changes; cap 3"]);
    assert_eq!(tally.changes(), 3);
    assert_eq!(in_words_of(&tally), "3 × `create_volume`");
}

fn in_words_of(tally: &Tally) -> String {
    crate::policy::in_words(&tally.progress().0)
}

#[test]
fn deletions_effects_and_permissions_have_caps_of_their_own() {
    let tally = tally("deletions 1, update 1, iaas.volume.create 1, share 100%");
    tally.admit(&on("delete_server", "server", 1)).expect("the first");
    assert_eq!(over(tally.admit(&on("delete_volume", "volume", 1))), ["would make 2 deletions; cap 1"]);
    tally.admit(&on("stop_server", "server", 2)).expect("the first");
    assert_eq!(over(tally.admit(&on("start_server", "server", 3))), ["would make 2 updates; cap 1"]);
    tally.admit(&create()).expect("the first");
    assert_eq!(over(tally.admit(&create())), ["would use `iaas.volume.create` 2 times; cap 1"]);
}

#[test]
fn a_day_counts_what_earlier_runs_have_done() {
    let job = JobCaps { name: "night".into(), caps: Vec::new(), daily: Some(Daily { most: 10, so_far: 9 }) };
    let tally = Tally::new(Caps::of(&CapSources { job: Some(job), ..CapSources::default() }), Reach::Stops);
    tally.admit(&create()).expect("the tenth of the day");
    assert_eq!(over(tally.admit(&create())), ["would make 11 changes today; cap 10 a day"]);
}

#[test]
fn the_first_object_of_a_kind_needs_no_census_and_the_second_does() {
    let tally = tally("");
    tally.admit(&on("stop_server", "server", 0)).expect("one is at most a fifth");
    tally.admit(&on("start_server", "server", 0)).expect("it is the same object");
    assert!(matches!(tally.admit(&on("stop_server", "server", 1)), Err(Halt::Census(0))));
    tally.set_census("servers", ids(104));
    for id in 1..35 {
        tally.admit(&on("stop_server", "server", id)).expect("within the share");
    }
    assert_eq!(
        over(tally.admit(&on("stop_server", "server", 35))),
        ["would change 36 of 104 servers (35 %); cap 34 %"]
    );
    tally.admit(&on("start_server", "server", 34)).expect("it counts already");
}

#[test]
fn fewer_than_five_are_no_share_and_five_are() {
    let of = |count: usize| {
        let tally = tally("");
        tally.set_census("servers", ids(count));
        (0..count).map(|id| tally.admit(&on("stop_server", "server", id))).take_while(Result::is_ok).count()
    };
    assert_eq!([of(4), of(5), of(6), of(100)], [4, 1, 2, 34]);
}

#[test]
fn what_the_run_made_and_what_it_deleted_before_the_census_is_counted_right() {
    let tally = tally("");
    tally.admit(&on("delete_server", "server", 77)).expect("the first");
    // It is gone when the others are counted.
    tally.set_census("servers", ids(5));
    for id in 1_000..1_010 {
        tally.admit(&on("delete_server", "server", id)).expect("it was made later");
    }
    tally.admit(&on("delete_server", "server", 1)).expect("2 of 6");
    assert_eq!(over(tally.admit(&on("delete_server", "server", 2))), ["would delete 3 of 6 servers (50 %); cap 34 %"]);
}

#[test]
fn the_snapshots_of_one_volume_are_a_whole_of_their_own() {
    let tally = tally("");
    let of_small = (0..5).map(|id| (id, Some("small")));
    tally.set_census("snapshots", census(of_small.chain((5..100).map(|id| (id, Some("large"))))));
    tally.admit(&on("delete_snapshot", "snapshot", 0)).expect("1 of 5");
    assert_eq!(
        over(tally.admit(&on("delete_snapshot", "snapshot", 1))),
        ["would delete 2 of 5 snapshots of the volume `small` (40 %); cap 34 %"]
    );
    tally.admit(&on("delete_snapshot", "snapshot", 9)).expect("another volume");
}

#[test]
fn without_a_list_up_to_four_may_be_touched() {
    let tally = tally("");
    tally.set_census("volumes", Census::Hidden("its list needs `iaas.volume.list`".into()));
    for id in 0..4 {
        tally.admit(&on("delete_volume", "volume", id)).expect("few");
    }
    assert_eq!(
        over(tally.admit(&on("delete_volume", "volume", 4))),
        ["would delete 5 volumes, and how many there are is unknown, as its list needs `iaas.volume.list`; cap 34 %"]
    );
    tally.set_census("volumes", ids(100));
    tally.admit(&on("delete_volume", "volume", 4)).expect("now it is known");
}

#[test]
fn what_is_given_back_may_be_taken_again() {
    let tally = tally("deletions 1");
    let change = on("delete_server", "server", 1);
    tally.admit(&change).expect("the first");
    tally.give_back(&change);
    assert_eq!((tally.changes(), tally.counted()), (0, vec![]));
    tally.admit(&on("delete_server", "server", 2)).expect("the first once more, and no second object");
}

#[test]
fn many_threads_do_not_overshoot() {
    let tally = tally("changes 1000, share 34%");
    tally.set_census("servers", ids(100));
    let tally = &tally;
    let admitted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                scope.spawn(move || {
                    let try_it = |id: &usize| tally.admit(&on("stop_server", "server", *id)).is_ok();
                    (0..100).filter(|id| id % 8 == thread).filter(try_it).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).sum()
    });
    assert_eq!(admitted, 34);
    assert_eq!(tally.changes(), 34);
}

#[test]
fn one_that_only_counts_refuses_nothing_and_names_every_excess() {
    let tally = Tally::new(Caps::of(&CapSources::default()), Reach::Counts);
    tally.set_census("servers", ids(104));
    tally.set_census("volumes", ids(200));
    for id in 0..97 {
        tally.admit(&on("deallocate_server", "server", id)).expect("within the caps");
    }
    for id in 0..21 {
        tally.admit(&on("delete_volume", "volume", id)).expect("within the caps");
    }
    let excesses: Vec<String> = tally.excesses().iter().map(ToString::to_string).collect();
    assert_eq!(
        excesses,
        [
            "would deallocate 97 of 104 servers (93 %); cap 34 %",
            "would make 21 deletions; cap 20",
            "would make 118 changes; cap 100"
        ]
    );
    let counted = tally.counted();
    assert_eq!((counted.len(), counted[0].count, counted[0].examples.len()), (2, 97, 3));
}

#[test]
fn a_run_is_held_to_what_was_agreed_to() {
    let all = CapSources { flag: Cap::parse_all("share 100%").expect("a cap"), ..CapSources::default() };
    let rehearsed = Tally::new(Caps::of(&all), Reach::Counts);
    let made_up = 500;
    for change in [
        on("stop_server", "server", 0),
        on("stop_server", "server", 1),
        create(),
        on("delete_volume", "volume", made_up),
    ] {
        rehearsed.admit(&change).expect("it only counts");
    }
    let tally = tally("share 100%");
    tally.agree(&rehearsed.calls(), (0..10).map(|id| id.to_string()).collect());
    let stop = |id| tally.admit(&on("stop_server", "server", id));
    stop(0).expect("agreed to");
    assert_eq!(over(stop(7)), ["would call `stop_server` on `server-7`, which was not agreed to"]);
    assert_eq!(over(stop(0)), ["would call `stop_server` on `server-0` for the 2nd time; agreed to were 1"]);
    let delete = |name: &str, kind, id| tally.admit(&on(name, kind, id));
    assert_eq!(
        over(delete("delete_server", "server", 0)),
        ["would call `delete_server` on `server-0`, which was not agreed to"]
    );
    // What the run itself makes has another id each time, and is not confused with what there was.
    tally.admit(&create()).expect("agreed to");
    assert_eq!(over(tally.admit(&create())), ["would call `create_volume` for the 2nd time; agreed to were 1"]);
    assert_eq!(over(delete("delete_volume", "volume", 3)).len(), 1);
    delete("delete_volume", "volume", 700).expect("it is what was made");
    assert_eq!(over(delete("delete_volume", "volume", 701)).len(), 1);
    // What did not come to pass may be tried again.
    stop(1).expect("agreed to");
    tally.give_back(&on("stop_server", "server", 1));
    stop(1).expect("agreed to");
}

#[test]
fn what_goes_along_counts_as_deletions_and_is_told() {
    let tally = tally("deletions 8, share 100%");
    let mut cascade = on("delete_volume", "volume", 1);
    cascade.deletions.along.insert("snapshot".into(), 7);
    tally.admit(&cascade).expect("eight are allowed");
    assert_eq!(tally.changes(), 1, "it is one call");
    assert_eq!(tally.counted()[0].along.get("snapshot"), Some(&7));
    let told = over(tally.admit(&on("delete_volume", "volume", 2)));
    assert_eq!(told, ["would delete 2 volumes and 7 snapshots; cap 8"]);
    tally.give_back(&cascade);
    assert!(tally.counted().is_empty());
    for id in 0..8 {
        tally.admit(&on("delete_volume", "volume", id)).expect("eight are allowed");
    }
    assert_eq!(over(tally.admit(&on("delete_volume", "volume", 9))), ["would make 9 deletions; cap 8"]);
}
