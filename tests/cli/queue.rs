//! Reading on several machines, with a real NATS server: the same lines, workers that die, a server that goes and comes back.

use crate::bed::{Bed, MERCHANT, Ran, TODAY, sample};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const SCANS: [&str; 6] = ["scan0007.pdf", "scan0011.pdf", "scan0015.pdf", "scan0019.pdf", "scan0022.pdf", "scan0023.pdf"];
/// A dead worker's file is given on soon, so that tests need not wait.
const QUICK: [&str; 2] = ["--redeliver-after", "2"];
/// Longer than any step of these tests takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A server on a free port, its data in the bed's folder. It may be stopped and started again.
struct Nats {
    port: u16,
    config: PathBuf,
    child: Option<Child>,
}

impl Nats {
    /// `None`, and a message, where the server is not installed.
    fn start(bed: &Bed, more: &str) -> Option<Self> {
        if Command::new("nats-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: nats-server is not installed (scripts/install-system-packages.sh tests)");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let data = bed.path("nats");
        let config = bed.write("nats.conf", &format!("listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: {data:?} }}\n{more}\n"));
        let mut nats = Self { port, config, child: None };
        nats.up();
        Some(nats)
    }

    fn up(&mut self) {
        let mut command = Command::new("nats-server");
        let child = command.arg("-c").arg(&self.config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.child = Some(child);
        let until = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "nats-server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.down();
    }
}

/// A worker in a process of its own; killed with the test.
struct Worker {
    child: Child,
    told: mpsc::Receiver<String>,
}

impl Worker {
    fn start(bed: &Bed, url: &str, more: &[&str]) -> Self {
        let mut command = bed.command();
        command.args(["worker", "--queue", url, "--jobs", "1", "-v"]).args(more);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, told) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, told }
    }

    /// Waits for a line with this in it.
    fn wait_for(&self, what: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let mut all = vec![];
        loop {
            match self.told.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(what) => return line,
                Ok(line) => all.push(line),
                Err(_) => panic!("the worker never said “{what}”:\n{}", all.join("\n")),
            }
        }
    }

    /// How many lines so far hold this.
    fn count(&self, what: &str) -> usize {
        self.told.try_iter().filter(|line| line.contains(what)).count()
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `extract` over the scans of the bed, nothing kept from before.
fn extract(bed: &Bed, more: &[&str]) -> Command {
    extract_on(bed, TODAY, more)
}

fn extract_on(bed: &Bed, today: &str, more: &[&str]) -> Command {
    let mut command = bed.command();
    command.args(["extract", "scans", "--merchant", MERCHANT, "--today", today, "--no-cache", "--customers"]);
    command.arg(sample("customers.xlsx")).args(more);
    command
}

fn local(bed: &Bed) -> Ran {
    let local = Ran::from(extract(bed, &["--jobs", "2"]).output().unwrap());
    assert!(matches!(local.code, 0 | 3) && !local.out.is_empty(), "{}", local.err);
    local
}

fn begin(bed: &Bed, url: &str) -> Child {
    extract(bed, &["--queue", url]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn workers_give_the_same_lines_as_this_machine_and_nothing_is_read_twice() {
    let bed = Bed::new();
    bed.scans(&SCANS);
    // Files that can't be read, and one that is there twice, are told alike, too.
    std::fs::write(bed.path("scans/empty.pdf"), "").unwrap();
    std::fs::write(bed.path("scans/torn.pdf"), "%PDF-1.4\nnothing").unwrap();
    std::fs::copy(bed.path("scans/scan0011.pdf"), bed.path("scans/zcopy.pdf")).unwrap();
    let Some(nats) = Nats::start(&bed, "") else { return };
    let local = local(&bed);
    let mut workers = [Worker::start(&bed, &nats.url(), &QUICK), Worker::start(&bed, &nats.url(), &QUICK)];
    let far = Ran::from(extract(&bed, &["--queue", &nats.url()]).output().unwrap());
    assert_eq!((far.code, &far.out), (local.code, &local.out), "{}", far.err);
    let unreadable = |ran: &Ran| ran.err.lines().filter(|l| l.starts_with("unreadable: ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(unreadable(&far), unreadable(&local));

    // Once they are gone, what they read is still there; the day has nothing to do with it.
    workers.iter_mut().for_each(Worker::kill);
    std::fs::remove_file(bed.path("scans/empty.pdf")).unwrap();
    std::fs::remove_file(bed.path("scans/torn.pdf")).unwrap();
    let again = Ran::from(extract_on(&bed, "2026-11-21", &["--queue", &nats.url()]).output().unwrap());
    assert_eq!(again.out.lines().count(), local.out.lines().count(), "{}", again.err);
    let read: usize = workers.iter().map(|w| w.count("left its papers")).sum();
    assert_eq!(read, SCANS.len() + 2, "each file once: the six, the empty and the torn one; the copy has the same bytes");
}

#[test]
fn a_worker_that_was_idle_takes_what_comes_at_once() {
    let bed = Bed::new();
    bed.scans(&SCANS[..3]);
    let Some(nats) = Nats::start(&bed, "") else { return };
    // A file that is lost on its way to the worker would come again after an hour.
    let worker = Worker::start(&bed, &nats.url(), &["--redeliver-after", "3600"]);
    worker.wait_for("ready");
    std::thread::sleep(Duration::from_secs(7));
    let mut run = extract(&bed, &["--queue", &nats.url()]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + PATIENCE;
    while run.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            let _ = run.kill();
            panic!("a job never reached the worker");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_run_without_workers_says_so_and_goes_on_when_one_comes() {
    let bed = Bed::new();
    bed.scans(&SCANS[..1]);
    let Some(nats) = Nats::start(&bed, "") else { return };
    let mut run = bed.command();
    run.env("CERTONBOARD_PROGRESS", "json").args(["extract", "scans", "--no-cache", "--queue", &nats.url()]);
    let mut run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(run.stderr.take().unwrap()).lines().map_while(Result::ok);
    let line = told.find(|line| line.contains("no worker reads")).expect("it says that nobody reads");
    assert!(line.contains("certonboard worker --queue nats://127.0.0.1") && line.contains("Tesseract"), "{line}");
    let _worker = Worker::start(&bed, &nats.url(), &[]);
    std::thread::spawn(move || told.for_each(drop));
    let far = Ran::from(run.wait_with_output().unwrap());
    assert_eq!(far.out.lines().count(), 1);
}

#[test]
fn a_worker_that_is_killed_costs_time_and_nothing_else() {
    let bed = Bed::new();
    bed.scans(&SCANS);
    let Some(nats) = Nats::start(&bed, "") else { return };
    let local = local(&bed);
    let run = begin(&bed, &nats.url());
    let mut doomed = Worker::start(&bed, &nats.url(), &QUICK);
    doomed.wait_for("taken");
    let other = Worker::start(&bed, &nats.url(), &QUICK);
    doomed.kill();
    let far = Ran::from(run.wait_with_output().unwrap());
    assert_eq!((far.code, far.out), (local.code, local.out), "{}", far.err);
    drop(other);
}

#[test]
fn a_server_that_goes_and_comes_back_is_waited_for() {
    let bed = Bed::new();
    bed.scans(&SCANS);
    let Some(mut nats) = Nats::start(&bed, "") else { return };
    let local = local(&bed);
    let worker = Worker::start(&bed, &nats.url(), &QUICK);
    let run = begin(&bed, &nats.url());
    worker.wait_for("taken");
    nats.down();
    std::thread::sleep(Duration::from_secs(2));
    nats.up();
    let far = Ran::from(run.wait_with_output().unwrap());
    assert_eq!((far.code, far.out), (local.code, local.out), "{}", far.err);
}

#[test]
fn a_file_at_which_three_workers_die_is_set_aside_by_name_and_the_others_are_read() {
    let bed = Bed::new();
    bed.scans(&SCANS[..2]);
    let Some(nats) = Nats::start(&bed, "") else { return };
    let local = local(&bed);
    let run = begin(&bed, &nats.url());
    let mut victims = vec![];
    for _ in 0..3 {
        let mut worker = Worker::start(&bed, &nats.url(), &QUICK);
        let line = worker.wait_for("taken");
        worker.kill();
        victims.push(line.split("key=").nth(1).unwrap().split_whitespace().next().unwrap().trim_matches('"').to_owned());
        // Until it is given out again; before that the next worker would take the other file.
        std::thread::sleep(Duration::from_secs(3));
    }
    assert!(victims.iter().all(|key| *key == victims[0]), "{victims:?}");
    let worker = Worker::start(&bed, &nats.url(), &QUICK);
    let far = Ran::from(run.wait_with_output().unwrap());
    assert_eq!(far.code, 3, "{}", far.err);
    let told: Vec<&str> = far.err.lines().filter(|l| l.contains("three workers")).collect();
    assert_eq!(told.len(), 1, "{}", far.err);
    assert!(told[0].starts_with("unreadable: scan0007.pdf: "), "{}", told[0]);
    let rest: Vec<&str> = local.out.lines().filter(|l| !l.contains("\"file\":\"scan0007.pdf\"")).collect();
    assert!(!rest.is_empty() && far.out.lines().eq(rest), "{}", far.out);
    // The next run does not give it to workers again.
    drop(worker);
    let again = Ran::from(extract(&bed, &["--queue", &nats.url()]).output().unwrap());
    assert_eq!((again.code, again.out), (3, far.out));
    // Unless it is told to.
    let _worker = Worker::start(&bed, &nats.url(), &QUICK);
    let again = Ran::from(extract(&bed, &["--queue", &nats.url(), "--retry-set-aside"]).output().unwrap());
    assert_eq!((again.code, again.out), (local.code, local.out), "{}", again.err);
}

#[test]
fn a_run_that_is_killed_goes_on_with_what_is_done() {
    let bed = Bed::new();
    bed.scans(&SCANS);
    let Some(nats) = Nats::start(&bed, "") else { return };
    let args = "run --sandbox --non-interactive --yes --run-dir far --certificates scans --no-cache --quiet";
    let mut first = bed.command();
    first
        .args(args.split(' '))
        .args(["--merchant", MERCHANT, "--today", TODAY, "--queue", &nats.url(), "--customers"])
        .arg(sample("customers.xlsx"));
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let worker = Worker::start(&bed, &nats.url(), &QUICK);
    worker.wait_for("left its papers");
    first.kill().unwrap();
    first.wait().unwrap();
    let second = bed.run(&["resume", "far", "--queue", &nats.url(), "--no-cache", "--non-interactive", "--yes", "--format", "json"]);
    assert!(matches!(second.code, 0 | 3), "{}", second.err);
    let read = 1 + worker.count("left its papers");
    assert_eq!(read, SCANS.len(), "each file was read once, over both runs");
    // A stop is no failure: it says what was done.
    drop(worker);
}

#[test]
fn who_is_not_let_in_is_told_so_and_no_secret_is_shown() {
    let bed = Bed::new();
    bed.scans(&SCANS[..1]);
    let Some(nats) = Nats::start(&bed, "authorization { user: ann, password: hunter2 }") else { return };
    let wrong = format!("nats://ann:sesame77@127.0.0.1:{}", nats.port);
    let far = Ran::from(extract(&bed, &["--queue", &wrong]).output().unwrap());
    let worker = bed.run(&["worker", "--queue", &wrong]);
    for ran in [far, worker] {
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.error_line().contains("does not let this client in"), "{}", ran.err);
        assert!(!ran.err.contains("sesame77") && ran.out.is_empty(), "{}", ran.err);
    }
    let right = format!("nats://ann:hunter2@127.0.0.1:{}", nats.port);
    let _worker = Worker::start(&bed, &right, &[]);
    let far = Ran::from(extract(&bed, &["--queue", &right]).output().unwrap());
    assert_eq!(far.out.lines().count(), 1, "{}", far.err);
    assert!(!far.err.contains("hunter2"), "{}", far.err);
}

/// What a NATS server takes as proof of who somebody is, over TLS that this machine's own authority signed.
#[test]
fn keys_tokens_and_tls_let_a_client_in() {
    let bed = Bed::new();
    bed.scans(&SCANS[..1]);
    // Made up for this test; the public half is what the server knows.
    let pair = nkeys::KeyPair::new_user();
    let seed = bed.write("worker.nk", &format!("{}\n", pair.seed().unwrap()));
    let seed = seed.to_str().unwrap();
    let Some(mut nats) = Nats::start(&bed, &format!("authorization {{ users: [{{ nkey: {} }}] }}", pair.public_key())) else { return };
    let ran = Ran::from(extract(&bed, &["--queue", &nats.url()]).output().unwrap());
    assert_eq!(ran.code, 2, "without its key: {}", ran.err);
    let worker = Worker::start(&bed, &nats.url(), &["--queue-nkey", seed]);
    let ran = Ran::from(extract(&bed, &["--queue", &nats.url(), "--queue-nkey", seed]).output().unwrap());
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.err);
    drop(worker);
    nats.down();

    let openssl = |args: &str| {
        Command::new("openssl").args(args.split(' ')).current_dir(bed.folder.path()).output().is_ok_and(|o| o.status.success())
    };
    let made = openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca")
        && openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost")
        && std::fs::write(bed.path("names"), "subjectAltName=DNS:localhost\n").is_ok()
        && openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names");
    if !made {
        eprintln!("skipped: openssl made no certificates");
        return;
    }
    let file = |name: &str| bed.path(name).to_str().unwrap().to_owned();
    let tls =
        format!("authorization {{ token: \"s3cret\" }}\ntls {{ cert_file: {:?}, key_file: {:?} }}", file("server.pem"), file("server.key"));
    let Some(nats) = Nats::start(&bed, &tls) else { return };
    let url = format!("tls://s3cret@localhost:{}", nats.port);
    let ran = Ran::from(extract(&bed, &["--queue", &url]).output().unwrap());
    assert!(ran.code == 2 && !ran.err.contains("s3cret"), "an authority that nobody knows: {}", ran.err);
    let ca = file("ca.pem");
    let worker = Worker::start(&bed, &url, &["--queue-ca", &ca]);
    let ran = Ran::from(extract(&bed, &["--queue", &url, "--queue-ca", &ca]).output().unwrap());
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.err);
    drop(worker);
}

#[test]
fn nothing_that_listens_is_a_matter_of_input_for_a_run() {
    let bed = Bed::new();
    bed.scans(&SCANS[..1]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let far = Ran::from(extract(&bed, &["--queue", &format!("nats://127.0.0.1:{port}")]).output().unwrap());
    assert_eq!(far.code, 2);
    assert!(far.error_line().contains("nats-server"), "{}", far.err);
    let odd = Ran::from(extract(&bed, &["--queue", "http://queue:4222"]).output().unwrap());
    assert!(odd.code == 2 && odd.error_line().contains("nats://host:4222"), "{}", odd.err);
}
