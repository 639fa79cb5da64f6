//! `stackhand sim --listen`: the simulator behind a socket, with a key file that any client can use.

use std::fmt::Write as _;
use std::fs;
use std::future::Future;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::error::{Error, Kind, Result, io_cause};
use crate::secret::Scrubber;
use crate::simulator::{Simulator, key_file, serve};

use super::simulation::{Simulation, open_world};

/// What is simulated, and where.
pub struct SimulateRequest {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where to write a key file of the simulated service account. One that is there is kept if it is the account's.
    pub key_file: Option<PathBuf>,
    /// How many times as fast as ours world time runs; above 0.
    pub speed: f64,
    /// What the service account may do, whatever the world says; what roles give it besides.
    pub permissions: Option<Vec<String>>,
    /// The world to start with and where to write it at the end, and the faults in force from the start.
    pub simulation: Simulation,
    /// Learns the private key.
    pub scrubber: Scrubber,
}

/// A simulator that listens.
pub struct Served {
    /// What every client takes as address of the API.
    pub url: String,
    /// The project to act in.
    pub project_id: String,
    /// The region to act in.
    pub region: String,
    /// The simulator itself.
    pub simulator: Arc<Simulator>,
    is_local: bool,
    world: String,
    key_file: Option<PathBuf>,
    listener: TcpListener,
    simulation: Simulation,
    scrubber: Scrubber,
}

/// Opens the socket and writes the key file.
///
/// # Errors
/// When a file cannot be read or written, the address cannot be had, or the speed is none.
pub async fn simulate(request: SimulateRequest) -> Result<Served> {
    if !request.speed.is_finite() || request.speed <= 0.0 || request.speed > 1_000_000.0 {
        let message = format!("`--speed` must be above 0 and at most 1000000, not {}", request.speed);
        return Err(Error::new(Kind::Usage, "speed_invalid", message));
    }
    let clock = Clock::process();
    // The demo is dated from now, so that what clients call today is today in it.
    let (mut world, start) = open_world(&request.simulation, clock.now())?;
    if let Some(permissions) = &request.permissions {
        let names = permissions.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        world.service_account.permissions = Some(names.collect());
    }
    let name = world.name.clone();
    let simulator = Simulator::with_clocks(world, Clock::scaled(start, request.speed), clock.clone());
    if let Some(faults) = request.simulation.read_faults()? {
        simulator.set_faults(faults);
    }
    let listener = TcpListener::bind(request.listen).await.map_err(|error| {
        Error::new(Kind::Config, "address_unavailable", format!("cannot listen on {}: {error}", request.listen))
            .with_hint("choose another address with `--listen`; port 0 takes a free one")
    })?;
    let address = listener.local_addr().map_err(|error| {
        Error::new(Kind::Config, "address_unavailable", format!("cannot listen on {}: {error}", request.listen))
    })?;
    let address = reachable(address);
    let (url, is_local) = (format!("http://{address}"), address.ip().is_loopback());
    if let Some(file) = &request.key_file {
        write_key(&simulator, file, &format!("{url}/token"), &clock, &request.scrubber)?;
    }
    let (project_id, region) = simulator.first_place();
    let simulator = Arc::new(simulator);
    let (key_file, simulation, scrubber) = (request.key_file, request.simulation, request.scrubber);
    Ok(Served { url, project_id, region, simulator, is_local, world: name, key_file, listener, simulation, scrubber })
}

impl Served {
    /// What a person does with it next.
    pub fn how_to_use(&self) -> String {
        let Self { url, project_id, region, world, .. } = self;
        let named = if world.is_empty() { String::new() } else { format!(" ({world})") };
        let mut text = format!("a simulated cloud listens on {url}{named}\nproject {project_id}, region {region}\n");
        if let Some(file) = &self.key_file {
            let file = file.display();
            if self.is_local {
                let _ = writeln!(
                    text,
                    "\nSTACKIT_SERVICE_ACCOUNT_KEY_PATH={file} STACKIT_IAAS_CUSTOM_ENDPOINT={url} \\\n  \
                     stackhand eval 'servers()' --project-id {project_id}"
                );
            } else {
                text.push_str(
                    "stackhand itself sends tokens past this machine by https only: put something that speaks TLS \
                     before this address, or listen on 127.0.0.1\n",
                );
            }
            let _ =
                writeln!(text, "SDKs take the key file {file}, the endpoint {url} and the token endpoint {url}/token");
        } else {
            text.push_str("give `--key-file FILE` for a key that clients can sign in with\n");
        }
        let _ = write!(text, "its own routes: {url}/_simulator/world, /world/time, /faults");
        text
    }

    /// Serves clients until `shutdown` ends; writes the world then, if that was asked for.
    ///
    /// # Errors
    /// When the socket fails or the world cannot be written.
    pub async fn until(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        serve(self.simulator.clone(), self.listener, shutdown)
            .await
            .map_err(|error| Error::new(Kind::Network, "listener_failed", format!("the listener failed: {error}")))?;
        self.simulation.save(&self.simulator, &self.scrubber)
    }
}

fn write_key(simulator: &Simulator, file: &Path, endpoint: &str, clock: &Clock, scrubber: &Scrubber) -> Result<()> {
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
    if let Some(private) = key["credentials"]["privateKey"].as_str() {
        scrubber.learn(private);
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
    Error::new(Kind::Config, "file_unusable", format!("cannot use the {what}: {}", io_cause(error)))
        .with_place(file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(folder: &Path) -> SimulateRequest {
        SimulateRequest {
            listen: "127.0.0.1:0".parse().expect("an address"),
            key_file: Some(folder.join("sa.json")),
            speed: 1.0,
            permissions: None,
            simulation: Simulation::default(),
            scrubber: Scrubber::new(),
        }
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
    }

    #[test]
    fn a_key_file_is_written_for_its_owner_only_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sa.json");
        let opened = block_on(simulate(request(folder.path()))).expect("it opens");
        let first: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&file).expect("written")).expect("JSON");
        assert_eq!(first["credentials"]["tokenEndpoint"], format!("{}/token", opened.url));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        }
        let again = block_on(simulate(request(folder.path()))).expect("it opens");
        let second: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&file).expect("written")).expect("JSON");
        assert_eq!(second["credentials"]["tokenEndpoint"], format!("{}/token", again.url));
        assert_eq!(second["credentials"]["privateKey"], first["credentials"]["privateKey"]);
    }

    #[test]
    fn a_file_that_is_no_key_of_ours_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("sa.json"), "{\"my\": \"file\"}").expect("written");
        let error = block_on(simulate(request(folder.path()))).err().expect("refused");
        assert_eq!(error.code, "key_file_exists");
        assert_eq!(fs::read_to_string(folder.path().join("sa.json")).expect("there"), "{\"my\": \"file\"}");
    }

    #[test]
    fn the_world_is_saved_at_the_end_and_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("world.json");
        let mut request = request(folder.path());
        request.key_file = None;
        request.simulation.save = Some(file.clone());
        block_on(async {
            let opened = simulate(request).await.expect("it opens");
            opened.until(std::future::ready(())).await.expect("it serves");
        });
        let saved = Simulation { world: Some(file), ..Simulation::default() };
        let (world, _) = open_world(&saved, Clock::process().now()).expect("a good world");
        assert_eq!(world.projects[0].name, "nordlicht-shop");
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = |change: &dyn Fn(&mut SimulateRequest)| {
            let mut request = request(folder.path());
            change(&mut request);
            block_on(simulate(request)).err().expect("refused")
        };
        for speed in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(refused(&|request| request.speed = speed).code, "speed_invalid");
        }
        assert_eq!(
            refused(&|request| request.simulation.world = Some("/nowhere/world.json".into())).code,
            "file_unreadable"
        );
        assert_eq!(refused(&|request| request.key_file = Some("/nowhere/sa.json".into())).code, "file_unusable");
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("bound");
        assert_eq!(refused(&|request| request.listen = address).code, "address_unavailable");
    }
}
