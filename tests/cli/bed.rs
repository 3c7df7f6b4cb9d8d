//! What the tests stand on: a folder of their own, a sandbox server of their own, the binary with nothing of the caller's environment.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub const TODAY: &str = "2026-11-20";
pub const MERCHANT: &str = "Blue Heron Supply Co.";
pub const KEY: &str = "SANDBOX";

/// A run with no question, over the list of the bed's folder.
pub fn unattended<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let usual = "run --non-interactive --yes --company DEFAULT --customers customers.xlsx --today";
    usual.split(' ').chain([TODAY, "--merchant", MERCHANT]).chain(more.iter().copied()).collect()
}

pub fn sample(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data").join(path)
}

/// A folder that is gone when the test ends.
pub struct Bed {
    pub folder: tempfile::TempDir,
}

pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// The one line that says what is wrong.
    pub fn error_line(&self) -> &str {
        self.err.lines().find_map(|l| l.strip_prefix("error: ")).unwrap_or_else(|| panic!("no error line in:\n{}", self.err))
    }
}

impl Bed {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary in this folder, with a clean environment.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_certonboard"));
        command.current_dir(self.folder.path()).env_clear();
        for keep in ["PATH", "HOME", "TESSDATA_PREFIX", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(keep) {
                command.env(keep, value);
            }
        }
        // What one test has read, no other has to read again: reading is what takes the time.
        command.env("CERTONBOARD_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/readings"));
        command.env("CERTONBOARD_USER", "tester").stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.command().args(args).output().unwrap())
    }

    /// The binary with credentials for a sandbox.
    pub fn command_at(&self, server: &Server) -> Command {
        let mut command = self.command();
        command.env("AVATAX_BASE_URL", &server.url).env("AVATAX_ACCOUNT_ID", "2000000000").env("AVATAX_LICENSE_KEY", KEY);
        command
    }

    pub fn run_at(&self, server: &Server, args: &[&str]) -> Ran {
        Ran::from(self.command_at(server).args(args).output().unwrap())
    }

    pub fn server(&self, more: &[&str]) -> Server {
        let data = self.path("service.sqlite");
        let mut command = self.command();
        command.args(["sandbox", "serve", "--listen", "127.0.0.1:0", "--today", TODAY, "--data"]).arg(data).args(more);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().last().unwrap_or_default().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "the sandbox said: {line}");
        Server { child, url }
    }

    /// A small folder of scans: the named files of the sample data.
    pub fn scans(&self, names: &[&str]) -> PathBuf {
        let folder = self.path("scans");
        std::fs::create_dir_all(&folder).unwrap();
        for name in names {
            let from = sample("certificates").join(name);
            std::fs::copy(&from, folder.join(name)).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
        }
        folder
    }

    /// An answers file that draws no paper as a check, for tests that want every good one linked at once.
    pub fn no_check(&self) -> String {
        let file = self.write("no-check.yaml", "policy:\n  sample_percent: 0\n  sample_least: 0\n");
        file.to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// A sandbox in a process of its own.
pub struct Server {
    child: Child,
    pub url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Reads from the service as any client would.
    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.get_bytes(path);
        assert_eq!(status, 200, "GET {path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    pub fn get_bytes(&self, path: &str) -> (u16, Vec<u8>) {
        let url = format!("{}{path}", self.url);
        std::thread::scope(|scope| {
            // A thread of its own, so that a test that has a runtime may call this too.
            scope
                .spawn(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(fetch(&url)))
                .join()
                .unwrap()
        })
    }

    fn list(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{sign}$top=100&$skip={}", all.len()));
            let rows = page["value"].as_array().unwrap().clone();
            let more = rows.len() == 100;
            all.extend(rows);
            if !more {
                return all;
            }
        }
    }

    pub fn customers(&self) -> Vec<Value> {
        self.list("/api/v2/companies/12345/customers")
    }

    pub fn certificates(&self) -> Vec<Value> {
        self.list("/api/v2/companies/12345/certificates?$include=customers")
    }

    pub fn invitations(&self) -> Vec<Value> {
        self.list("/api/v2/companies/12345/certexpressinvites")
    }

    /// How many calls that change something the service has seen.
    pub fn writes(&self) -> u64 {
        self.get("/sandbox/stats")["writes"].as_u64().unwrap()
    }

    /// How many calls the service has seen, reads included.
    pub fn calls(&self) -> u64 {
        self.get("/sandbox/stats")["requests"].as_u64().unwrap()
    }

    /// From now on nothing goes wrong any more.
    pub fn no_faults(&self) {
        self.set_faults("{}");
    }

    /// The faults in the service's own JSON.
    pub fn set_faults(&self, faults: &str) {
        self.post("/sandbox/faults", &serde_json::from_str(faults).unwrap());
    }

    /// Writes to the service as any client would.
    pub fn post(&self, path: &str, body: &Value) {
        let url = format!("{}{path}", self.url);
        let sent = async {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client.post(&url).basic_auth("2000000000", Some(KEY)).json(body);
            let answer = request.send().await.unwrap();
            (answer.status(), answer.text().await.unwrap())
        };
        let (status, text) = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(sent);
        assert!(status.is_success(), "POST {path}: {status} {text}");
    }

    /// Everything a run leaves in the service, without ids and times: equal for equal ends.
    pub fn state(&self) -> Vec<String> {
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let mut rows = Vec::new();
        for c in self.customers() {
            rows.push(format!("customer {} {}", text(&c["customerCode"]), text(&c["name"])));
        }
        for c in self.certificates() {
            let mut codes: Vec<String> = c["customers"].as_array().into_iter().flatten().map(|x| text(&x["customerCode"])).collect();
            codes.sort();
            let parts = ["exemptionNumber", "signedDate", "expirationDate"].map(|k| text(&c[k]));
            rows.push(format!("certificate {} {} {}", text(&c["exposureZone"]["name"]), parts.join(" "), codes.join("+")));
        }
        for i in self.invitations() {
            rows.push(format!("invitation {} {}", text(&i["customerCode"]), text(&i["deliveryMethod"])));
        }
        rows.sort();
        rows
    }
}

async fn fetch(url: &str) -> (u16, Vec<u8>) {
    // The client is built without a TLS provider of its own; a second call finds it set.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).basic_auth("2000000000", Some(KEY)).send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}
