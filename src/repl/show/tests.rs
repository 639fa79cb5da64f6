use serde_json::{Value, json};

use super::*;

fn names(id: &str) -> Option<String> {
    (id == "11111111-1111-4111-8111-111111111111").then(|| "web-1".to_owned())
}

fn style(width: u16) -> Style<'static> {
    let now = "2026-11-22T12:00:00Z".parse().expect("a time");
    Style { width: Some(width), has_colour: false, now, names: &names }
}

fn list(kind: &'static str, value: Value) -> Shown {
    Shown { value, text: "as it was".to_owned(), kind: ShownKind::Objects(kind), ..Shown::default() }
}

fn servers(count: usize) -> Value {
    (0..count)
        .map(|number| {
            json!({
                "id": format!("22222222-2222-4222-8222-{number:012}"),
                "name": format!("web-{number}"),
                "status": if number == 1 { "DEALLOCATED" } else { "ACTIVE" },
                "powerStatus": "RUNNING",
                "machineType": "g2i.2",
                "availabilityZone": "eu01-1",
                "createdAt": "2026-11-20T11:00:00Z",
                "labels": { "env": "production", "team": "shop" },
            })
        })
        .collect()
}

#[test]
fn a_list_is_a_table_of_what_matters_for_its_kind() {
    insta::assert_snapshot!(show(&list("Server", servers(3)), &style(120)), @r"
    name   status       power    machineType  zone    age  labels                    id
    web-0  ACTIVE       RUNNING  g2i.2        eu01-1   2d  env=production team=shop  22222222-2222-4222-8222-000000000000
    web-1  DEALLOCATED  RUNNING  g2i.2        eu01-1   2d  env=production team=shop  22222222-2222-4222-8222-000000000001
    web-2  ACTIVE       RUNNING  g2i.2        eu01-1   2d  env=production team=shop  22222222-2222-4222-8222-000000000002
    ");
}

#[test]
fn in_little_room_less_important_columns_go_first_and_names_stay() {
    insta::assert_snapshot!(show(&list("Server", servers(2)), &style(40)), @r"
    name   status       machineType  age
    web-0  ACTIVE       g2i.2         2d
    web-1  DEALLOCATED  g2i.2         2d
    ");
    let narrow = show(&list("Server", servers(2)), &style(12));
    assert!(narrow.lines().all(|line| line.chars().count() <= 12), "{narrow}");
}

#[test]
fn references_are_shown_by_the_names_that_are_known() {
    let volumes = json!([
        { "id": "a", "name": "data", "status": "ATTACHED", "size": 20, "serverId": "11111111-1111-4111-8111-111111111111" },
        { "id": "b", "name": "gone\u{1b}[31m", "status": "ERROR", "size": 1500, "serverId": "33333333-1111-4111-8111-111111111111" },
        { "id": "c", "name": "loose", "status": "AVAILABLE", "size": 5, "serverId": null },
    ]);
    insta::assert_snapshot!(show(&list("Volume", volumes), &style(100)), @r"
    name       status        size  server     id
    data       ATTACHED     20 GB  web-1      a
    gone␛[31m  ERROR      1500 GB  33333333…  b
    loose      AVAILABLE     5 GB  -          c
    ");
}

#[test]
fn quotas_are_bars() {
    let quotas = json!([
        { "name": "gigabytes", "limit": 7640, "usage": 6900, "percent": 90.3 },
        { "name": "networks", "limit": 50, "usage": 3, "percent": 6.0 },
        { "name": "snapshots", "limit": -1, "usage": 12, "percent": null },
    ]);
    insta::assert_snapshot!(show(&list("Quota", quotas), &style(60)), @r"
    quota                            used  limit
    gigabytes  ██████████████████░░  6900   7640      90 %
    networks   █▎░░░░░░░░░░░░░░░░░░     3     50       6 %
    snapshots  ····················    12     -1  no limit
    ");
}

#[test]
fn one_object_is_a_card_with_its_relations() {
    let server = json!({
        "name": "web-1", "status": "ERROR", "id": "11111111-1111-4111-8111-111111111111",
        "createdAt": "2026-11-20T11:00:00Z", "keypairName": null, "metadata": {},
        "labels": { "env": "production", "team": "shop" },
        "bootVolume": { "id": "2ed06d19-55d1-441b-a0c7-47a9ddcc6f83", "deleteOnTermination": false },
        "volumes": ["2ed06d19-55d1-441b-a0c7-47a9ddcc6f83"], "serverId": "11111111-1111-4111-8111-111111111111",
    });
    let shown = Shown { value: server, text: String::new(), kind: ShownKind::Object("Server"), ..Shown::default() };
    insta::assert_snapshot!(show(&shown, &style(60)), @r"
    web-1  ERROR  Server
      bootVolume  deleteOnTermination=false
                  id=2ed06d19-55d1-441b-a0c7-47a9ddcc6f83
      createdAt   2026-11-20T11:00:00Z (2d ago)
      id          11111111-1111-4111-8111-111111111111
      labels      env=production
                  team=shop
      serverId    web-1 (11111111-1111-4111-8111-111111111111)
      volumes     2ed06d19-55d1-441b-a0c7-47a9ddcc6f83
      → .attachments()  .boot_volume()  .volumes()
    ");
}

#[test]
fn what_has_no_columns_of_its_own_is_shown_as_it_was() {
    assert_eq!(show(&list("", json!([{ "zone": "a" }])), &style(80)), "as it was");
    let plain = Shown { value: json!(42), text: "42".to_owned(), kind: ShownKind::Plain, ..Shown::default() };
    assert_eq!(show(&plain, &style(80)), "42");
}

#[test]
fn prose_is_broken_at_blanks() {
    assert_eq!(
        wrapped("f()\n\n  Asks for the server\n  to stop.\n", Some(12)),
        "f()\n\n  Asks for\n  the server\n  to stop."
    );
    assert_eq!(wrapped("a-word-that-is-long b", Some(6)), "a-word-that-is-long\nb");
    assert_eq!(wrapped("a  b", None), "a  b");
}

#[test]
fn colours_do_not_count_as_room_and_tell_states_apart() {
    let style = Style { has_colour: true, ..style(80) };
    let text = show(&list("Server", servers(2)), &style);
    assert!(text.contains("\u{1b}[32mACTIVE\u{1b}[0m"), "{text:?}");
    assert!(text.contains("\u{1b}[2mDEALLOCATED\u{1b}[0m"), "{text:?}");
}
