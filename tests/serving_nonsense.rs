//! A cloud that answers nonsense: the job fails and says why, and the server goes on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use crate::journal::counting::Counting;
use crate::process::Stream;

/// What each job is answered: the whole of it but for the length of its body, its reason and a part of what it says.
const NONSENSE: [(&str, &str, &str, &str, &str); 7] = [
    (
        "gateway",
        "502 Bad Gateway\r\ncontent-type: text/html",
        "<html><title>Bad Gateway</title></html>",
        "server",
        "502",
    ),
    ("login", "200 OK\r\ncontent-type: text/html", "<html>please log in</html>", "server", "`text/html` and not JSON"),
    ("words", "200 OK\r\ncontent-type: application/json", "{ not json", "server", "no valid JSON"),
    ("half", "200 OK\r\ncontent-type: application/json", "{\"id\":\"1", "server", "stops in the middle"),
    ("cut", "200 OK\r\ncontent-type: application/json\r\ncontent-length: 500", "{\"id\":", "network", "broke off"),
    ("empty", "200 OK\r\ncontent-type: application/json", "", "server", "it is empty"),
    ("list", "200 OK\r\ncontent-type: application/json", "[]", "script", "no field `name`"),
];

/// The id of the server that a job asks for.
fn id_of(number: usize) -> String {
    format!("2222222{number}-2222-4222-8222-222222222222")
}

fn answer(mut stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let (mut line, mut first) = (String::new(), String::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        if first.is_empty() {
            first.clone_from(&line);
        }
        line.clear();
    }
    let asked = (0..NONSENSE.len()).find(|number| first.contains(&id_of(*number)));
    let (head, body) = match asked {
        Some(number) => (NONSENSE[number].1, NONSENSE[number].2),
        None => ("200 OK\r\ncontent-type: application/json", "{\"name\":\"web-1\"}"),
    };
    let length = if head.contains("length") { String::new() } else { format!("\r\ncontent-length: {}", body.len()) };
    // Who asked may have gone.
    let _ = write!(stream, "HTTP/1.1 {head}{length}\r\nconnection: close\r\n\r\n{body}");
}

#[test]
fn a_cloud_that_answers_nonsense_fails_the_job_and_not_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(&stream));
        }
    });
    let mut home = Counting::start().workspace().variable("STACKIT_IAAS_CUSTOM_ENDPOINT", url);
    let names = || NONSENSE.iter().map(|(name, ..)| *name).chain(["good"]);
    let mut file = "timezone = \"Europe/Berlin\"\n".to_owned();
    for (number, name) in names().enumerate() {
        let table = "schedule = \"0 0 29 2 *\"\ncaps = { changes = 9 }";
        file += &["[[job]]\nname = \"", name, "\"\nrecipe = \"", name, ".rhai\"\n", table, "\n"].concat();
        let head = "//! Permissions: iaas.server.get\nimport \"stackit/iaas\" as iaas;";
        home =
            home.file(&format!("{name}.rhai"), format!("{head}\nprint(iaas::get_server(\"{}\").name);", id_of(number)));
    }
    let home = home.file("stackhand.toml", file);
    let mut serving = home.start(&["serve", "--listen", "off"]);
    serving.hears(Stream::Err, "INFO serving");
    for name in names() {
        assert_eq!(home.run(&["jobs", "run", name]).code, 0);
    }
    // The good one is not held up by those that are tried again and again.
    let mut left: Vec<_> = NONSENSE.to_vec();
    let mut is_done = false;
    while !left.is_empty() {
        let line = serving.hears(Stream::Err, " job=\"");
        is_done |= line.contains("INFO done job=\"good\"");
        let Some(at) = left.iter().position(|(name, ..)| line.contains(&format!("ERROR failed job=\"{name}\""))) else {
            assert!(!line.contains("ERROR"), "{line}");
            continue;
        };
        let (_, _, _, reason, why) = left.remove(at);
        assert!(line.contains(&format!("reason=\"{reason}\"")) && line.contains(why), "{why}: {line}");
    }
    assert!(is_done);
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
}
