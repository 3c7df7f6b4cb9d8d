//! What a person reads, word for word: the terminal at each step of the wizard, and the errors. The files stand in `tests/golden`;
//! `UPDATE_GOLDEN=1` writes them anew, and the difference is read before it is accepted.

use crate::bed::{Bed, KEY, MERCHANT, Ran, TODAY, sample, unattended};
use crate::wizard::DOWN;
use expectrl::Session;
use regex::Regex;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const PAPERS: [&str; 2] = ["Resale Cert_Lone Oak_TX.pdf", "INV-88213.pdf"];
const PATIENCE: Duration = Duration::from_secs(180);

fn golden_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Compares with the file, or writes it.
fn golden(name: &str, actual: &str) {
    let file = golden_file(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    if expected != actual {
        let at = expected.lines().zip(actual.lines()).take_while(|(a, b)| a == b).count();
        let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
        panic!(
            "{} differs at line {}:\n  expected: {}\n  now:      {}\n\nall of it now:\n{actual}",
            file.display(),
            at + 1,
            line(&expected),
            line(actual)
        );
    }
}

/// Puts words in the place of what is another one in each run.
fn steady(text: &str, bed: &Bed) -> String {
    let here = bed.folder.path().to_str().unwrap();
    let text = text.replace(here, "FOLDER").replace(env!("CARGO_MANIFEST_DIR"), "PROJECT");
    let rules = [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"\d{8}-\d{6}-[0-9a-f]{4}", "RUN"),
        (r"\b[0-9a-f]{32,64}\b", "HASH"),
        (r"Tesseract \d[^ ,;]*", "Tesseract VERSION"),
    ];
    let text = rules.iter().fold(text, |text, (rule, word)| Regex::new(rule).unwrap().replace_all(&text, *word).into_owned());
    // A bar that is taken away leaves an empty row behind at times.
    let text = text.replace("\n\n  ✓", "\n  ✓");
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned() + "\n"
}

/// A terminal window so tall that nothing leaves it, and what is on it.
struct Window {
    session: Session,
    screen: vt100::Parser,
    /// The row in which the last text was seen.
    seen: usize,
    /// The row from which on the next is looked for.
    at: usize,
}

impl Window {
    fn open(mut command: Command, columns: u16) -> Self {
        let tall: u16 = 600;
        // The program asks how wide the window is as soon as it starts, so it waits for the size.
        let mut waiting = Command::new("sh");
        waiting.args(["-c", r#"stty -echo; read go; stty echo; exec "$0" "$@""#]).arg(command.get_program()).args(command.get_args());
        waiting.current_dir(command.get_current_dir().unwrap()).env_clear();
        command.env("TERM", "xterm-256color").env("NO_COLOR", "1");
        waiting.envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
        let mut session = Session::spawn(waiting).unwrap();
        session.set_window_size(columns, tall).unwrap();
        session.send_line("").unwrap();
        Self { session, screen: vt100::Parser::new(tall.try_into().unwrap(), columns.try_into().unwrap(), 0), seen: 0, at: 0 }
    }

    fn rows(&self) -> Vec<String> {
        let screen = self.screen.screen();
        let (_, columns) = screen.size();
        let rows: Vec<String> = screen.rows(0, columns.into()).collect();
        let used = rows.iter().rposition(|row| !row.trim().is_empty()).map_or(0, |last| last + 1);
        rows[..used].to_vec()
    }

    /// Takes in what has come. `false`: the program has ended.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        match self.session.try_read(&mut bytes) {
            Ok(0) => return false,
            Ok(n) => self.screen.process(&bytes[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(20)),
            // Linux says so when the other side is gone.
            Err(_) => return false,
        }
        true
    }

    fn see(&mut self, text: &str) -> &mut Self {
        let end = Instant::now() + PATIENCE;
        loop {
            let rows = self.rows();
            if let Some(found) = rows.iter().skip(self.at).position(|row| row.contains(text)) {
                self.seen = self.at + found;
                self.at = self.seen;
                return self;
            }
            assert!(self.read() && Instant::now() < end, "`{text}` did not appear:\n{}", rows.join("\n"));
        }
    }

    fn keys(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).unwrap();
        // What comes next is below.
        self.at = self.seen + 1;
        self
    }

    /// Everything on the window when the program has ended.
    fn end(mut self) -> String {
        let end = Instant::now() + PATIENCE;
        while self.read() {
            assert!(Instant::now() < end, "the program did not end:\n{}", self.rows().join("\n"));
        }
        self.rows().join("\n")
    }
}

fn bed() -> Bed {
    // Its name is of the same length everywhere, so that lines break at the same words.
    let bed = Bed { folder: tempfile::tempdir_in("/tmp").unwrap() };
    std::fs::copy(sample("customers.xlsx"), bed.path("customers.xlsx")).unwrap();
    bed.scans(&PAPERS);
    bed
}

/// A guided run in a window of `columns`, each question answered by hand.
fn guided(columns: u16) -> String {
    let bed = bed();
    let server = bed.server(&["--not-provisioned"]);
    let mut command = bed.command_at(&server);
    command.args(["run", "--today", TODAY, "--answers", &bed.no_check()]);
    let mut window = Window::open(command, columns);
    window.see("Which company").keys("\r");
    window.see("Request it?").keys("y");
    window.see("The merchant's name").keys("\u{15}").keys(MERCHANT).keys("\r");
    window.see("customer spreadsheet:").keys("\u{15}").keys("customers.xlsx\r");
    window.see("Are the columns right?").keys("y");
    window.see("How do these customers count?").keys("\r");
    window.see("customers to").keys("y");
    window.see("What should be done").keys("\r");
    window.see("Folder with the").keys("\u{15}").keys("scans\r");
    window.see("no expiration date").keys("\r");
    window.see("its customer?").keys("y");
    window.see("How should the invitations go out?").keys(DOWN).keys(DOWN).keys("\r");
    window.see("Which cover letter?").keys("\r");
    window.see("Which exemption reason").keys("\r");
    window.see("links").keys("y");
    window.see("[8/8] Summary");
    steady(&window.end(), &bed)
}

#[test]
fn the_terminal_at_each_step() {
    let all = guided(100);
    let steps: Vec<(usize, &str)> = all.match_indices("\n[").filter(|(at, _)| all[at + 2..].contains("/8]")).collect();
    let starts: Vec<usize> = steps.iter().map(|(at, _)| at + 1).filter(|at| all[*at..].get(2..5) == Some("/8]")).collect();
    assert_eq!(starts.len(), 8, "{all}");
    golden("wizard/0-start.txt", &all[..starts[0]]);
    for (n, start) in starts.iter().enumerate() {
        let end = starts.get(n + 1).copied().unwrap_or(all.len());
        golden(&format!("wizard/{}.txt", n + 1), &all[*start..end]);
    }
}

/// Lines break between words, tables of many columns become lists; only a path that is longer than the window goes over its edge.
#[test]
fn the_terminal_in_a_narrow_window() {
    let all = guided(60);
    golden("wizard/narrow.txt", &all);
}

/// Started with nothing said, in a folder with a list and scans: both are offered. Stopped and started again: the run is offered.
#[test]
fn what_lies_in_the_folder_is_offered() {
    let bed = bed();
    let server = bed.server(&[]);
    let start = || Window::open(bed.command_at(&server), 100);
    let mut window = start();
    window.see("Which company").keys("\r");
    window.see("The merchant's name").keys("\u{15}").keys(MERCHANT).keys("\r");
    window.see("customer spreadsheet:").see("[customers.xlsx]").keys("\r");
    window.see("Are the columns right?").keys("y");
    window.see("How do these customers count?").keys("\r");
    window.see("customers to").keys("y");
    window.see("What should be done").keys("\r");
    window.see("Folder with the").see("[scans]").keys("\r");
    window.see("How should the invitations go out?").see("Download").keys("\u{3}");
    let all = window.end();
    let last = all.lines().last().unwrap();
    assert!(last.starts_with("go on with: certonboard resume "), "{all}");
    let run = last.rsplit(' ').next().unwrap().to_owned();

    let mut window = start();
    window.see("There are runs here that are not finished").see(&run).see(MERCHANT).keys("\r");
    window.see("Are the columns right? yes (answered before)");
    window.see("How should the invitations go out?").see("Download").keys("\u{3}");
    window.end();
    assert_eq!(std::fs::read_dir(bed.path("certonboard-runs")).unwrap().count(), 1, "a second run was begun");

    // A new one is begun where somebody wants that.
    let mut window = start();
    window.see("There are runs here that are not finished").keys(DOWN).keys("\r");
    window.see("[1/8] Connection").see("Which company").see("DEFAULT").keys("\u{3}");
    window.end();
}

/// Calm lines where there is no terminal: no bar, no colour, no cursor that moves.
#[test]
fn the_lines_of_a_run_without_a_terminal() {
    let bed = bed();
    let server = bed.server(&[]);
    let ran = bed.run_at(&server, &unattended(&["--certificates", "scans", "--answers", &bed.no_check()]));
    assert!(!ran.err.contains('\u{1b}') && !ran.err.contains('\r'), "{}", ran.err);
    golden("wizard/without-terminal.txt", &steady(&ran.err, &bed));
}

/// Every kind of error as it is told: what, where, why, and what to do next.
#[test]
fn the_texts_of_the_errors() {
    let bed = bed();
    let server = bed.server(&[]);
    bed.write("empty.csv", "");
    bed.write("notes.txt", "Dear Sirs,\n\nplease find enclosed nothing.\n");
    bed.write("broken.xlsx", "PK\u{3}\u{4} and no more");
    bed.write("picture.csv", "\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}");
    bed.write("two-codes.csv", "Customer Code,Name\n1,A\n");
    bed.write("typo.yaml", "merchnt: Blue Heron\ninvitations:\n  delivry: email\n");
    bed.write("broken.yaml", "merchant: [\n");
    bed.write("plan.json", "{}");
    bed.write("pages.pdf", "%PDF-1.7 and no more");
    let done = bed.run_at(&server, &unattended(&["--certificates", "scans", "--run-dir", "certonboard-runs/blue-heron"]));
    assert!(matches!(done.code, 0 | 3), "{}", done.err);

    let run = ["run", "--non-interactive", "--yes", "--today", TODAY, "--company", "DEFAULT", "--merchant", MERCHANT];
    let with = |more: &[&'static str]| -> Vec<&'static str> { run.iter().chain(more).copied().collect() };
    let cases: Vec<Vec<&str>> = vec![
        vec!["rum"],
        vec!["run", "--custmers", "customers.xlsx"],
        vec!["run", "--today", "20.11.2026"],
        with(&["--customers", "custmers.xlsx", "--certificates", "scans"]),
        with(&["--customers", "scans", "--certificates", "scans"]),
        with(&["--customers", "empty.csv", "--certificates", "scans"]),
        with(&["--customers", "notes.txt", "--certificates", "scans"]),
        with(&["--customers", "broken.xlsx", "--certificates", "scans"]),
        with(&["--customers", "picture.csv", "--certificates", "scans"]),
        with(&["--customers", "customers.xlsx", "--certificates", "scans", "--sheet", "Custmers"]),
        with(&["--customers", "customers.xlsx", "--certificates", "scans", "--column", "name=Custmer Name"]),
        with(&["--customers", "customers.xlsx", "--certificates", "no-such-folder"]),
        with(&["--customers", "customers.xlsx", "--certificates", "scans", "--answers", "typo.yaml"]),
        with(&["--customers", "customers.xlsx", "--certificates", "scans", "--answers", "broken.yaml"]),
        with(&["--customers", "customers.xlsx", "--certificates", "scans", "--answers", "no-such.yaml"]),
        vec!["run", "--non-interactive", "--customers", "customers.xlsx"],
        vec!["resume", "blue-herom"],
        vec!["status", "elsewhere"],
        vec!["report", "bluehern", "--format", "pdf"],
        vec!["report", "blue-heron", "--format", "docx"],
        vec!["apply", "plan.json"],
        vec!["apply", "no-such-plan.json"],
        vec!["extract", "no-such-folder"],
        vec!["customers", "show", "c-1001"],
        vec!["customers", "show", "nobody-at-all"],
        vec!["certificates", "show", "999999"],
        vec!["customers", "list", "--company", "DEFALT"],
    ];
    let mut told = String::new();
    for args in &cases {
        let ran = bed.run_at(&server, args);
        assert_ne!(ran.code, 0, "{args:?} is no error: {}", ran.out);
        tell(&mut told, args, &ran);
    }
    // Without credentials, with wrong ones, and with a service that is not there.
    let plain = ["customers", "list"];
    tell(&mut told, &["(no address)", "customers", "list"], &bed.run(&plain));
    let mut nobody = bed.command();
    nobody.env("AVATAX_BASE_URL", &server.url).args(plain);
    tell(&mut told, &["(no credentials)", "customers", "list"], &Ran::from(nobody.output().unwrap()));
    for (name, address, key) in [
        ("(wrong key)", server.url.as_str(), "wrong"),
        ("(nobody listens)", "http://127.0.0.1:9", KEY),
        ("(not encrypted)", "http://example.com", KEY),
    ] {
        let mut command = bed.command();
        command.env("AVATAX_BASE_URL", address).env("AVATAX_ACCOUNT_ID", "2000000000").env("AVATAX_LICENSE_KEY", key);
        let ran = Ran::from(command.args(plain).output().unwrap());
        tell(&mut told, &[name, "customers", "list"], &ran);
        if name == "(wrong key)" {
            let mut command = bed.command();
            command.env("AVATAX_BASE_URL", address).env("AVATAX_ACCOUNT_ID", "2000000000").env("AVATAX_LICENSE_KEY", key);
            let ran = Ran::from(command.args(plain).arg("-v").output().unwrap());
            assert!(ran.err.contains("\ncause: "), "{}", ran.err);
        }
    }
    golden("errors.txt", &steady(&told, &bed));
}

fn tell(all: &mut String, args: &[&str], ran: &Ran) {
    let args: Vec<String> =
        args.iter().map(|a| if a.contains(' ') && !a.starts_with('(') { format!("\"{a}\"") } else { (*a).to_owned() }).collect();
    // What went well before the error is told by the files of the wizard.
    let from = ran.err.find("error: ").unwrap_or(0);
    all.push_str(&format!("$ certonboard {}\n{}[exit code {}]\n\n", args.join(" "), &ran.err[from..], ran.code));
}
