//! `stackhand sim --listen`: the simulator behind a socket, with a key file that any client can use.

use std::fs;
use std::future::Future;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::simulator::world::demo;
use crate::simulator::{Simulator, key_file, serve};

use super::simulation::{Simulation, open_world};

/// What is simulated, and where.
#[derive(Debug, Clone)]
pub struct SimulateOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where to write a key file of the simulated service account. One that is there is kept if it is the account's.
    pub key_file: Option<PathBuf>,
    /// The world to start with and where to write it at the end, and the faults in force from the start.
    pub simulation: Simulation,
    /// How many times as fast as ours world time runs; above 0.
    pub speed: f64,
    /// How long an access token lives.
    pub token_lifetime: Duration,
}

impl SimulateOptions {
    /// The demo world at this address, at the speed of ours.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            key_file: None,
            simulation: Simulation::default(),
            speed: 1.0,
            token_lifetime: Duration::from_hours(1),
        }
    }
}

/// A simulator that listens.
pub struct Listening {
    /// What every client takes as address of the API.
    pub base_url: String,
    /// The project to act in.
    pub project: String,
    /// What the world is called.
    pub world: String,
    /// The simulator itself.
    pub simulator: Arc<Simulator>,
    listener: TcpListener,
    simulation: Simulation,
}

/// Opens the socket and writes the key file.
///
/// # Errors
/// When a file cannot be read or written, the address cannot be had, or the speed is none.
pub async fn open(options: SimulateOptions, clock: &Clock) -> Result<Listening> {
    if !options.speed.is_finite() || options.speed <= 0.0 || options.speed > 1_000_000.0 {
        let message = format!("`--speed` must be above 0 and at most 1000000, not {}", options.speed);
        return Err(Error::new(Kind::Usage, "speed_invalid", message));
    }
    let world = match &options.simulation.world {
        Some(_) => open_world(&options.simulation, clock.now())?.0,
        // Dated from now, so that what clients call today is today in it.
        None => demo(clock.now()),
    };
    let (name, start) = (world.name.clone(), world.time.unwrap_or_else(|| clock.now()));
    let world_clock = Clock::scaled(start, options.speed);
    let simulator = Simulator::with_clocks(world, world_clock, clock.clone(), options.token_lifetime);
    if let Some(faults) = options.simulation.read_faults()? {
        simulator.set_faults(faults);
    }
    let listener = TcpListener::bind(options.listen).await.map_err(|error| {
        Error::new(Kind::Config, "address_unavailable", format!("cannot listen on {}: {error}", options.listen))
            .with_hint("choose another address with `--listen`; port 0 takes a free one")
    })?;
    let address = listener.local_addr().map_err(|error| unusable("address", &error, Path::new("")))?;
    let base_url = format!("http://{}", reachable(address));
    if let Some(file) = &options.key_file {
        write_key(&simulator, file, &format!("{base_url}/token"), clock)?;
    }
    let project = simulator.first_project();
    let (simulator, simulation) = (Arc::new(simulator), options.simulation);
    Ok(Listening { base_url, project, world: name, simulator, listener, simulation })
}

impl Listening {
    /// Serves clients until `shutdown` ends; writes the world then, if that was asked for.
    ///
    /// # Errors
    /// When the socket fails or the world cannot be written.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        serve(self.simulator.clone(), self.listener, shutdown)
            .await
            .map_err(|error| Error::new(Kind::Network, "listener_failed", format!("the listener failed: {error}")))?;
        self.simulation.save(&self.simulator)
    }
}

fn write_key(simulator: &Simulator, file: &Path, endpoint: &str, clock: &Clock) -> Result<()> {
    let account = simulator.tokens().account();
    let mut key = match fs::read_to_string(file) {
        Ok(text) => {
            let key: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            if key_file::known_key(&key, account).is_none() {
                return Err(Error::new(
                    Kind::Config,
                    "key_file_exists",
                    "this file is no key of the simulated account",
                )
                .with_place(file.display().to_string())
                .with_hint("give `--key-file` another name, or move the file away"));
            }
            key
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => key_file::make(account, endpoint, clock.now())?,
        Err(error) => return Err(unusable("key file", &error, file)),
    };
    if key["credentials"]["tokenEndpoint"] != endpoint || !file.exists() {
        key["credentials"]["tokenEndpoint"] = endpoint.into();
        let text = format!("{key:#}\n");
        write_privately(file, &text).map_err(|error| unusable("key file", &error, file))?;
    }
    if let Some(known) = key_file::known_key(&key, account) {
        simulator.tokens().accept_key(known);
    }
    Ok(())
}

/// An address that a client on this machine reaches: the loopback for "all interfaces".
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Writes beside the file, for its owner only, and renames, so that nobody reads a half-written one.
fn write_privately(file: &Path, text: &str) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".unfinished");
    let beside = PathBuf::from(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = fs::remove_file(&beside);
    let mut opened = options.open(&beside)?;
    opened.write_all(text.as_bytes())?;
    opened.sync_all()?;
    fs::rename(&beside, file)
}

fn unusable(what: &str, error: &io::Error, file: &Path) -> Error {
    Error::new(Kind::Config, "file_unusable", format!("cannot use the {what}: {error}"))
        .with_place(file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(folder: &Path) -> SimulateOptions {
        let mut options = SimulateOptions::new("127.0.0.1:0".parse().expect("an address"));
        options.key_file = Some(folder.join("sa.json"));
        options
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
    }

    #[test]
    fn a_key_file_is_written_for_its_owner_only_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sa.json");
        let opened = block_on(open(options(folder.path()), &Clock::process())).expect("it opens");
        let first: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&file).expect("written")).expect("JSON");
        assert_eq!(first["credentials"]["tokenEndpoint"], format!("{}/token", opened.base_url));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        }
        let again = block_on(open(options(folder.path()), &Clock::process())).expect("it opens");
        let second: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&file).expect("written")).expect("JSON");
        assert_eq!(second["credentials"]["tokenEndpoint"], format!("{}/token", again.base_url));
        assert_eq!(second["credentials"]["privateKey"], first["credentials"]["privateKey"]);
    }

    #[test]
    fn a_file_that_is_no_key_of_ours_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("sa.json"), "{\"my\": \"file\"}").expect("written");
        let error = block_on(open(options(folder.path()), &Clock::process())).err().expect("refused");
        assert_eq!(error.code, "key_file_exists");
        assert_eq!(fs::read_to_string(folder.path().join("sa.json")).expect("there"), "{\"my\": \"file\"}");
    }

    #[test]
    fn the_world_is_saved_at_the_end_and_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("world.json");
        let mut options = options(folder.path());
        options.key_file = None;
        options.simulation.save = Some(file.clone());
        block_on(async {
            let opened = open(options, &Clock::process()).await.expect("it opens");
            opened.serve(std::future::ready(())).await.expect("it serves");
        });
        let saved = Simulation { world: Some(file), ..Simulation::default() };
        let (world, _) = open_world(&saved, Clock::process().now()).expect("a good world");
        assert_eq!(world.projects[0].name, "nordlicht-shop");
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = |change: &dyn Fn(&mut SimulateOptions)| {
            let mut options = options(folder.path());
            change(&mut options);
            block_on(open(options, &Clock::process())).err().expect("refused")
        };
        for speed in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(refused(&|options| options.speed = speed).code, "speed_invalid");
        }
        assert_eq!(
            refused(&|options| options.simulation.world = Some("/nowhere/world.json".into())).code,
            "file_unreadable"
        );
        assert_eq!(refused(&|options| options.key_file = Some("/nowhere/sa.json".into())).code, "file_unusable");
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("bound");
        assert_eq!(refused(&|options| options.listen = address).code, "address_unavailable");
    }
}
