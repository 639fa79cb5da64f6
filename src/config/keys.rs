//! Every key of `stackhand.toml`: what it takes, what holds without it, what it means. The reader, the schema for
//! editors and the documentation are made of this table.

use super::channel::Event;
use super::job::{DstGap, DstOverlap, InterruptedPolicy, MissedPolicy, OverlapPolicy, RETRIED_NAMES};

/// A key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// What holds without it, as TOML; empty: nothing.
    pub default: &'static str,
    /// Whether the table is of no use without it.
    pub is_needed: bool,
    /// What it means.
    pub meaning: &'static str,
}

/// The keys of a table.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// The keys.
    pub all: &'static [Key],
    /// Keys of which there must be exactly one; empty: none.
    pub one_of: &'static [&'static str],
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// `true` or `false`.
    Truth,
    /// A text.
    Text,
    /// A list of texts; a single text counts as a list of one.
    Texts,
    /// A name: letters, digits, `-`, `_`, `.`.
    Name,
    /// A list of names.
    Names,
    /// A list of names, one at least.
    SomeNames,
    /// A secret: `env:NAME`, `file:PATH`, or the text itself.
    Secret,
    /// A whole number from one to another.
    Number(u64, u64),
    /// A duration from one to another.
    Duration(&'static str, &'static str),
    /// One word out of these.
    Choice(&'static [&'static str]),
    /// A list of words out of these.
    Choices(&'static [&'static str]),
    /// `true`, `false`, or a text that means something more.
    TruthOrText(&'static str),
    /// Whole numbers or texts by name.
    Numbers,
    /// Texts by name.
    TextsByName,
    /// Values of any kind by name.
    Values,
    /// A table.
    Table(&'static Keys),
    /// Tables of the same keys, in a list.
    Tables(&'static Keys),
    /// Tables of the same keys, by name.
    TablesByName(&'static Keys),
    /// Tables by name, each with the keys of its `kind`.
    TablesByKind(&'static [(&'static str, &'static Keys)]),
}

impl Key {
    const fn new(name: &'static str, shape: Shape, meaning: &'static str) -> Self {
        Self { name, shape, default: "", is_needed: false, meaning }
    }

    const fn or(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    const fn needed(mut self) -> Self {
        self.is_needed = true;
        self
    }
}

impl Keys {
    const fn of(all: &'static [Key]) -> Self {
        Self { all, one_of: &[] }
    }

    /// The key of this name.
    pub(super) fn get(&self, name: &str) -> Option<&'static Key> {
        self.all.iter().find(|key| key.name == name)
    }

    /// The names of the keys.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.all.iter().map(|key| key.name)
    }
}

use Shape::{
    Choice, Choices, Duration, Name, Names, Number, Numbers, Secret, SomeNames, Table, Tables, TablesByKind,
    TablesByName, Text, Texts, TextsByName, Truth, TruthOrText, Values,
};

/// The top of the file.
pub const TOP: Keys = Keys::of(&[
    Key::new(
        "timezone",
        Text,
        "the zone whose clock schedules are read on, such as `Europe/Berlin`; needed as soon as there is a job",
    ),
    Key::new("default_profile", Text, "the profile that is used where none is named"),
    Key::new("project_id", Text, "the project's UUID, for profiles that name none"),
    Key::new("region", Text, "the region, for profiles that name none").or("\"eu01\""),
    Key::new("caps", Numbers, "how much a run may change, for profiles and jobs that do not say it"),
    Key::new("notify", Table(&NOTIFY), "whom jobs tell of what, for jobs that do not say it"),
    Key::new("max_running", Number(1, 1_000), "how many runs are under way at once at most; the others wait").or("8"),
    Key::new("history", Table(&HISTORY), "for how long outcomes are kept"),
    Key::new("journal_days", Number(1, 36_500), "for how many days journals are kept; without it, for good"),
    Key::new(
        "journal_syslog",
        Text,
        "where journals are mirrored to: a socket such as `/dev/log`, or `udp://host:port`",
    ),
    Key::new("profile", TablesByName(&PROFILE), "profiles: where to act and as whom"),
    Key::new("channel", TablesByKind(CHANNELS), "channels: where notices go"),
    Key::new("job", Tables(&JOB), "jobs: what runs when"),
]);

/// `[profile.NAME]`.
pub const PROFILE: Keys = Keys::of(&[
    Key::new("credentials", Text, "the service account key's file; the short form of `service_account_key_path`"),
    Key::new("service_account_key_path", Text, "the service account key's file"),
    Key::new("service_account_key", Text, "the service account key itself, as JSON text"),
    Key::new("private_key_path", Text, "the file of the private key, where the key has none or another is to be used"),
    Key::new("private_key", Text, "the private key itself, as PEM text"),
    Key::new("service_account_token", Text, "a bearer token, sent as it is"),
    Key::new("token_command", Texts, "a program that prints a bearer token, with its arguments"),
    Key::new(
        "metadata",
        TruthOrText("the service account's mail"),
        "`true`: the service account of the server that this runs on; its mail if there are several",
    ),
    Key::new("credentials_path", Text, "a credentials file as STACKIT's SDKs read it"),
    Key::new("project_id", Text, "the project's UUID"),
    Key::new("region", Text, "the region"),
    Key::new("endpoints", TextsByName, "base URLs of services, by the service's name"),
    Key::new("token_url", Text, "the whole URL of the token endpoint"),
    Key::new("ca_file", Text, "a file of further certificate authorities in PEM form"),
    Key::new("production", Truth, "whether mistakes hurt here: changes by hand are shown and confirmed first")
        .or("false"),
    Key::new("read_only", Truth, "whether nothing may be changed").or("false"),
    Key::new("permissions", Texts, "all that a run may be given"),
    Key::new("protect", Texts, "selectors, names and ids of objects that must not be changed"),
    Key::new("caps", Numbers, "how much a run may change"),
]);

/// `[[job]]`.
pub const JOB: Keys = Keys {
    all: &[
        Key::new("name", Name, "what the job is called").needed(),
        Key::new("description", Text, "what it is for"),
        Key::new("enabled", Truth, "`false` keeps it in the file without ever being due").or("true"),
        Key::new("recipe", Text, "the recipe's file; the path counts from the folder of `stackhand.toml`").needed(),
        Key::new(
            "schedule",
            Text,
            "when it is due: a crontab expression of 5 fields, of 6 with seconds, or `@daily` and the like",
        ),
        Key::new("every", Duration("1s", "366d"), "when it is due: by elapsed time, instead of `schedule`"),
        Key::new("profiles", SomeNames, "the profiles it runs with, one job each: `night-shift@shop-prod`"),
        Key::new("args", Values, "the recipe's parameters by name"),
        Key::new("permissions", Texts, "all that its runs are given; without it, what the recipe's header asks for"),
        Key::new(
            "caps",
            Numbers,
            "how much one run may change, and with `daily` how many changes all runs of a day may make",
        ),
        Key::new("timeout", Duration("1s", "30d"), "how long a run may take").or("\"1h\""),
        Key::new("overlap", Choice(OverlapPolicy::NAMES), "what happens when it is due while its last run is under way")
            .or("\"skip\""),
        Key::new("missed", Choice(MissedPolicy::NAMES), "which of the fire times that were missed are made up for")
            .or("\"last\""),
        Key::new(
            "missed_window",
            Duration("0s", "366d"),
            "how late they are made up for at most, and never past half the way to the next fire time",
        )
        .or("\"1h\""),
        Key::new(
            "opposes",
            Names,
            "jobs that undo this one: they never run together, and a missed fire time is superseded once a later one of \
             theirs has come",
        ),
        Key::new("dst_gap", Choice(DstGap::NAMES), "a fixed time that the clocks leave out: at once after the gap, or not")
            .or("\"after\""),
        Key::new("dst_overlap", Choice(DstOverlap::NAMES), "a fixed time that the clocks show twice").or("\"first\""),
        Key::new("jitter", Duration("0s", "1d"), "up to how much later it starts; the same for the same job and fire time")
            .or("\"0s\""),
        Key::new("retry", Table(&RETRY), "whether a run that failed is tried again; without it, it is not"),
        Key::new(
            "interrupted",
            Choice(InterruptedPolicy::NAMES),
            "what becomes of a run that was under way in a crash; `rerun` needs `Repeatable: yes` in the recipe's header",
        )
        .or("\"leave\""),
        Key::new("state", Name, "the store of the recipe's `state`, which jobs may share; without it, one of its own; apart for each profile"),
        Key::new("concurrency_group", Name, "of the jobs of a group one runs at a time; the others wait"),
        Key::new("notify", Table(&NOTIFY), "whom it tells of what; without it, what the top of the file says"),
        Key::new("calendar", Table(&CALENDAR), "on which dates it is due"),
        Key::new("heartbeat", Secret, "a URL that is asked for after each run that succeeded"),
    ],
    one_of: &["schedule", "every"],
};

/// `retry` of a job.
pub const RETRY: Keys = Keys::of(&[
    Key::new("attempts", Number(1, 100), "how often it is tried, the first time among them").or("3"),
    Key::new(
        "backoff",
        Duration("0s", "1d"),
        "how long to wait before the second try; twice as long before each further one",
    )
    .or("\"30s\""),
    Key::new("on", Choices(RETRIED_NAMES), "the kinds of errors that are worth another try")
        .or("[\"network\", \"server\", \"rate_limited\"]"),
]);

/// `notify` of a job, and of the file.
pub const NOTIFY: Keys = Keys::of(&[
    Key::new("channels", Names, "the channels").or("[]"),
    Key::new("events", Choices(Event::NAMES), "what to tell; without it, what each channel is told"),
    Key::new("late_after", Duration("1s", "30d"), "from how long after its fire time a run is late").or("\"5m\""),
]);

/// `calendar` of a job.
pub const CALENDAR: Keys = Keys {
    all: &[
        Key::new(
            "skip",
            Texts,
            "it is not due on these dates: `holidays:DE-BW`, `2026-12-24`, `2026-12-24..2027-01-06`, `Sat-Sun`, \
             `file:closed.ics`",
        ),
        Key::new("only", Texts, "it is due on these dates alone"),
    ],
    one_of: &["skip", "only"],
};

/// `history` of the file.
pub const HISTORY: Keys = Keys::of(&[
    Key::new("days", Number(1, 36_500), "outcomes older than this go").or("90"),
    Key::new("runs", Number(1, 10_000_000), "of each job this many outcomes are kept at most").or("1000"),
]);

/// `[channel.NAME]`, by kind.
pub const CHANNELS: &[(&str, &Keys)] = &[
    ("webhook", &WEBHOOK),
    ("teams", &TEAMS),
    ("slack", &SLACK),
    ("mattermost", &MATTERMOST),
    ("email", &EMAIL),
    ("command", &COMMAND),
    ("log", &LOG),
];

const KIND: Key = Key::new(
    "kind",
    Choice(&["webhook", "teams", "slack", "mattermost", "email", "command", "log"]),
    "where the channel leads",
)
.needed();
const EVENTS: Key = Key::new("events", Choices(Event::NAMES), "what it is told").or(
    "[\"failed\", \"partial\", \"skipped_by_overlap\", \"refused\", \"timed_out\", \"missed\", \"unknown\", \"late\", \
     \"key_expiring\", \"recovered\"]",
);
const RATE: Key = Key::new("rate", Table(&RATES), "how much it is told at most; what is beyond waits");

/// `rate` of a channel.
pub const RATES: Keys = Keys::of(&[
    Key::new("most", Number(1, 1_000_000), "so many notices …").or("30"),
    Key::new("per", Duration("1s", "30d"), "… in so much time").or("\"1h\""),
]);

const WEBHOOK: Keys = Keys::of(&[
    KIND,
    Key::new("url", Secret, "where JSON is posted to").needed(),
    Key::new("secret", Secret, "what the body is signed with (HMAC-SHA256)"),
    Key::new("template", Text, "the body, with places for what is told"),
    EVENTS,
    RATE,
]);
const TEAMS: Keys =
    Keys::of(&[KIND, Key::new("url", Secret, "the URL of the workflow in Microsoft Teams").needed(), EVENTS, RATE]);
const SLACK: Keys =
    Keys::of(&[KIND, Key::new("url", Secret, "the URL of the incoming webhook").needed(), EVENTS, RATE]);
const MATTERMOST: Keys =
    Keys::of(&[KIND, Key::new("url", Secret, "the URL of the incoming webhook").needed(), EVENTS, RATE]);
const EMAIL: Keys = Keys::of(&[
    KIND,
    Key::new("host", Text, "the mail server").needed(),
    Key::new("port", Number(1, 65_535), "its port").or("587"),
    Key::new("starttls", Truth, "whether the connection must be encrypted with STARTTLS").or("true"),
    Key::new("user", Text, "who logs in"),
    Key::new("password", Secret, "with what"),
    Key::new("from", Text, "the sender").needed(),
    Key::new("to", Texts, "the receivers").needed(),
    EVENTS,
    RATE,
]);
const COMMAND: Keys = Keys::of(&[
    KIND,
    Key::new("command", Texts, "a program with its arguments, which gets the notice as JSON on its standard input")
        .needed(),
    EVENTS,
    RATE,
]);
const LOG: Keys = Keys::of(&[KIND, EVENTS, RATE]);
