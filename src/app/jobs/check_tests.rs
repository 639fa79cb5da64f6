use std::fmt::Write as _;
use std::path::Path;

use super::*;

const QUOTA: &str = include_str!("../../../scripts/quota_alert.rhai");
const NIGHT: &str = include_str!("../../../scripts/deallocate_at_night.rhai");
const PROJECT: &str = "5c1f0a3e-7d42-4b86-9e0d-2f6b8a41c7d9";

/// What is found in a workspace with two recipes and a calendar file.
fn looked_at(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    file("scripts/quota.rhai", QUOTA);
    file("scripts/night.rhai", NIGHT);
    file("scripts/broken.rhai", "let = 1");
    file("scripts/file.rhai", "//! Permissions: fs.read:list.txt\nread_file(\"list.txt\")");
    file("closed.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261123\nEND:VEVENT\nEND:VCALENDAR\n");
    file("stackhand.toml", text);
    let workspace = Workspace::around(folder.path()).unwrap().unwrap();
    let environment = Environment::empty(folder.path()).with("STACKIT_PROJECT_ID", PROJECT);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let (given, scrubber) = (Given::default(), Scrubber::new());
    let looking = check_jobs(&workspace, &environment, &given, &scrubber, &[], now);
    let found = runtime.block_on(looking);
    let mut report = String::new();
    for job in &found.jobs {
        let next = job.next.map(|at| at.to_rfc3339()).unwrap_or_default();
        let _ = writeln!(report, "{} {next}", job.id);
    }
    for finding in &found.findings {
        let place = finding.place.clone().unwrap_or_default();
        let _ = writeln!(
            report,
            "{}[{}] {}: {} ({place})",
            finding.severity.as_str(),
            finding.code,
            finding.job.clone().unwrap_or_default(),
            finding.message
        );
        if let Some(hint) = &finding.hint {
            let _ = writeln!(report, "  hint: {hint}");
        }
    }
    let path = folder.path().canonicalize().unwrap();
    report.replace(&path.display().to_string(), "DIR").replace(&folder.path().display().to_string(), "DIR")
}

fn written(jobs: &str) -> String {
    let start = format!(
        "timezone = \"Europe/Berlin\"\nnotify = {{ channels = [\"ops\"] }}\n[channel.ops]\nkind = \"log\"\n[profile.p]\n\
         project_id = \"{PROJECT}\"\nservice_account_token = \"eyJhbGciOiJub25lIn0.e30.signature\"\n"
    );
    start + jobs
}

#[test]
fn a_workspace_that_is_right_has_nothing_to_be_told() {
    let report = looked_at(&written(
        "[[job]]\nname = \"quota\"\nrecipe = \"scripts/quota.rhai\"\nschedule = \"0 8 * * Mon-Fri\"\nprofiles = [\"p\", \"sim\"]\n\
         args = { warn = 70 }\npermissions = [\"iaas.quota.*\"]\ncalendar = { skip = [\"file:closed.ics\"] }\n\
         interrupted = \"rerun\"\ncaps = { deletions = 0, daily = 3 }\n",
    ));
    assert_eq!(report, "quota@p 2026-11-24T07:00:00+00:00\nquota@sim 2026-11-24T07:00:00+00:00\n");
}

#[test]
fn what_is_wrong_with_jobs_is_told_with_its_place() {
    let report = looked_at(&written(
        r#"
[[job]]
name = "gone"
recipe = "scripts/gone.rhai"
schedule = "30 2 * * *"
profiles = ["p"]
[[job]]
name = "broken"
recipe = "scripts/broken.rhai"
schedule = "0 25 * * *"
profiles = ["p"]
[[job]]
name = "night"
recipe = "scripts/night.rhai"
every = "15m"
missed_window = "1h"
profiles = ["p"]
args = { selectr = "a=b" }
permissions = ["iaas.server.list", "iaas.servr.stop"]
caps = { chages = 5 }
calendar = { skip = ["file:gone.ics"] }
[[job]]
name = "never"
recipe = "scripts/quota.rhai"
schedule = "0 9 * * Mon"
missed_window = "4d"
profiles = ["p"]
permissions = ["read"]
args = { warn = "many" }
calendar = { skip = ["Mon"] }
heartbeat = "https://example.org/secret-of-mine"
[[job]]
name = "file"
recipe = "scripts/file.rhai"
every = "1d"
profiles = ["p"]
interrupted = "rerun"
notify = {}
[[job]]
name = "few"
recipe = "scripts/night.rhai"
every = "1d"
profiles = ["p"]
permissions = ["iaas.server.list", "iaas.server.get"]
"#,
    ));
    assert!(!report.contains("secret-of-mine"), "{report}");
    insta::assert_snapshot!(report);
}

#[test]
fn credentials_and_secrets_that_cannot_be_read_are_told() {
    let text = format!(
        r#"timezone = "UTC"
[channel.ops]
kind = "slack"
url = "https://example.org/secret-of-mine"
[channel.there]
kind = "teams"
url = "env:NOT_SET"
[channel.gone]
kind = "email"
host = "mail.example.org"
from = "a@example.org"
to = "b@example.org"
user = "a"
password = "file:keys/gone"
[profile.keyless]
project_id = "{PROJECT}"
[profile.gone]
project_id = "{PROJECT}"
credentials = "keys/gone.json"
[[job]]
name = "a"
recipe = "scripts/quota.rhai"
every = "1d"
profiles = ["keyless", "gone"]
notify = {{ channels = ["ops"] }}
"#
    );
    let report = looked_at(&text);
    assert!(!report.contains("secret-of-mine"), "{report}");
    insta::assert_snapshot!(report);
}

#[test]
fn a_template_that_is_none_is_told() {
    let channel = "[channel.web]\nkind = \"webhook\"\nurl = \"file:closed.ics\"\ntemplate = \"{ {{nothing}} }\"\n";
    let report = looked_at(&written(channel));
    assert!(report.contains("error[bad_template] : "), "{report}");
    assert!(report.contains("(DIR/stackhand.toml:11:12)"), "{report}");
}

#[test]
fn arguments_are_those_of_the_recipe() {
    let text = written("[[job]]\nname = \"a\"\nrecipe = \"a\"\nevery = \"1h\"\nargs = { grace_time = 5, other = 1 }\n");
    let workspace = Workspace::read(Path::new("stackhand.toml"), &text).unwrap();
    let source =
        Source::inline("a", "let args = params(#{ grace_time: minutes(5), name: required(\"text\"), other: 1 });");
    let parameters = check(&source, &[]).parameters;
    let mut job = Job::clone(&workspace.jobs[0]);
    let error = arguments_of(&workspace, &job, &parameters).unwrap_err();
    assert_eq!(error.to_string(), "`grace_time` cannot be `5` (stackhand.toml:12:23)");
    job.args.remove("grace_time");
    let error = arguments_of(&workspace, &job, &parameters).unwrap_err();
    assert_eq!(error.to_string(), "the recipe needs `name` (stackhand.toml:9:8)");
    assert_eq!(error.hint.as_deref(), Some("give it in `args`"));
    job.args.insert("name".to_owned(), job.name.with(serde_json::json!("web")));
    assert_eq!(arguments_of(&workspace, &job, &parameters).unwrap().len(), 2);
}

#[test]
fn opponents_that_are_not_what_they_look_like_are_told() {
    let job = |name: &str, more: &str| {
        format!(
            "[[job]]\nname = \"{name}\"\nrecipe = \"scripts/quota.rhai\"\npermissions = [\"iaas.quota.*\"]\n{more}\n"
        )
    };
    let at = |hour: u32| format!("schedule = \"0 {hour} * * *\"");
    let profiles = "[profile.a]\nproject_id = \"11111111-1111-1111-1111-111111111111\"\n[profile.b]\nproject_id = \
                    \"22222222-2222-2222-2222-222222222222\"\n[profile.c]\nproject_id = \
                    \"33333333-3333-3333-3333-333333333333\"\n";
    let report = looked_at(&written(
        &[
            profiles.to_owned(),
            job("off", &format!("{}\nenabled = false", at(1))),
            job("night", &format!("{}\nprofiles = [\"a\", \"b\"]\nopposes = [\"off\", \"morning\", \"late\"]", at(20))),
            job("morning", &format!("{}\nprofiles = [\"b\", \"c\"]", at(7))),
            job("late", &format!("{}\nprofiles = [\"a\", \"b\"]", at(20))),
            job("few", &format!("{}\nprofiles = [\"b\"]\nopposes = [\"morning\"]", at(9))),
        ]
        .concat(),
    ));
    let told: Vec<&str> = report.lines().filter(|line| line.contains("[opposes_")).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("slack-url");
    std::fs::write(&secret, "https://hooks.example.org/t0ken-of-url").unwrap();
    let path = secret.display();
    let text = format!(
        "timezone = \"Europe/Berlin\"\n[channel.ops]\nkind = \"slack\"\nurl = \"file:{path}\"\n[profile.p]\nproject_id = \
         \"{PROJECT}\"\nservice_account_token = \"eyJhbGciOiJub25lIn0.e30.signature\"\n[[job]]\nname = \"quota\"\nrecipe = \
         \"scripts/quota.rhai\"\nevery = \"1h\"\nprofiles = [\"p\"]\npermissions = [\"iaas.quota.*\"]\nnotify = {{ channels = \
         [\"ops\"] }}\nheartbeat = \"file:{path}\"\n"
    );
    let told = |mode| {
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).unwrap();
        looked_at(&text)
    };
    let open = told(0o644);
    for line in [
        "hint[secret_open] quota: the secret of the heartbeat: ",
        "warning[secret_open] : the secret of the channel `ops`: ",
    ] {
        let told = format!("{line}{path} can be read by every user of this machine (mode 644): `chmod 600 {path}`");
        assert!(open.contains(&told) && !open.contains("t0ken"), "{told}\n{open}");
    }
    let of_group = told(0o640);
    let line =
        format!("the channel `ops`: {path} can be read by all users of its group (mode 640): `chmod 600 {path}`");
    assert!(of_group.contains(&line), "{of_group}");
    let shut = told(0o600);
    assert!(!shut.contains("secret_open"), "{shut}");
}

#[test]
fn a_channel_that_leads_to_the_link_is_told_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("url");
    std::fs::write(&path, "http://169.254.169.254/t0ken-of-url\n").unwrap();
    let text = format!(
        "timezone = \"Europe/Berlin\"\n[channel.ops]\nkind = \"slack\"\nurl = \"file:{0}\"\n[[job]]\nname = \"quota\"\n\
         recipe = \"scripts/quota.rhai\"\nevery = \"1h\"\nnotify = {{ channels = [\"ops\"] }}\nheartbeat = \"file:{0}\"\n",
        path.display()
    );
    let told = looked_at(&text);
    for (job, place) in [("", "4:7"), ("quota", "10:13")] {
        let line = format!(
            "error[link_local] {job}: the file `{}` leads to a link-local address, to which nothing is sent \
             (DIR/stackhand.toml:{place})",
            path.display()
        );
        assert!(told.contains(&line) && !told.contains("t0ken"), "{line}\n{told}");
    }
}
