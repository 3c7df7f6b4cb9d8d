//! The log, and what must stand in no log, no record and no text: secrets and people.

use crate::bed::{Bed, KEY, MERCHANT, TODAY, sample};
use serde_json::Value;
use std::collections::BTreeSet;

const PAPER: &str = "Resale Cert_Lone Oak_TX.pdf";

fn arguments<'a>(no_check: &'a str, list: &'a str) -> Vec<&'a str> {
    let given = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--company", "DEFAULT", "--run-dir", "run"];
    let paths = ["--customers", list, "--certificates", "scans", "--answers", no_check, "--log", "log.jsonl", "-v"];
    [&given[..], &paths].concat()
}

/// What the credentials look like on the wire and in the environment.
fn secrets(account: &str, key: &str) -> Vec<String> {
    use base64::Engine;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{account}:{key}"));
    vec![key.to_owned(), pair]
}

#[test]
fn the_log_tells_every_call_and_names_nobody() {
    let bed = Bed::new();
    let server = bed.server(&["--rate-limited", "0.05", "--seed", "3"]);
    bed.scans(&[PAPER]);
    let (no_check, list) = (bed.no_check(), sample("customers.xlsx"));
    let ran = bed.run_at(&server, &arguments(&no_check, list.to_str().unwrap()));
    assert_eq!(ran.code, 3, "{}", ran.err);
    let seen = server.calls();
    let log = std::fs::read_to_string(bed.path("log.jsonl")).unwrap();
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    let of = |what: &str| events.iter().filter(|e| e["message"] == what).collect::<Vec<_>>();
    assert_eq!(of("step").len(), 8);
    assert_eq!(of("gate").len(), 3);
    assert_eq!(of("end")[0]["exit_code"], 3);
    let calls = of("call");
    assert_eq!(calls.len() as u64, seen, "each request stands in the log once");
    let ids: BTreeSet<&str> = calls.iter().map(|c| c["correlation"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), calls.len(), "each attempt has an id of its own");
    assert!(calls.iter().all(|c| c["millis"].is_u64() && c["status"].is_u64() && c["timestamp"].is_string()));
    assert!(calls.iter().any(|c| c["status"] == 429) && !of("again after a pause").is_empty(), "the refused calls are told");
    // The run record names them alike.
    let record: Value = serde_json::from_str(&bed.run(&["status", "run", "--format", "json"]).out).unwrap();
    let recorded: BTreeSet<&str> = record["apiCalls"].as_array().unwrap().iter().map(|c| c["correlation"].as_str().unwrap()).collect();
    assert_eq!(recorded, ids);

    let customers = server.customers();
    assert!(customers.len() > 50);
    let told = |text: &str, what: &str| {
        for customer in &customers {
            // Codes are short and stand in any text by chance; in the log they would stand in a path or as a value of their own.
            let code = customer["customerCode"].as_str().unwrap();
            let written = percent_encoding::utf8_percent_encode(code, percent_encoding::NON_ALPHANUMERIC).to_string();
            for told in [format!("/{code}/"), format!("/{code}\""), format!("\"{code}\""), format!("/{written}/"), format!("={code} ")] {
                assert!(!text.contains(&told), "{what} holds the code {code}");
            }
            for key in ["name", "emailAddress", "line1", "contactName", "phoneNumber"] {
                // Short texts of digits stand in any log by chance.
                if let Some(value) = customer[key].as_str().filter(|v| v.len() > 5) {
                    assert!(!text.contains(value), "{what} holds {key} “{value}”");
                }
            }
        }
        for file in [PAPER, "customers.xlsx", "example.com", MERCHANT] {
            assert!(!text.contains(file), "{what} holds “{file}”");
        }
    };
    told(&log, "the log");
    // What -v adds to stderr is the same.
    let verbose: Vec<&str> = ran.err.lines().filter(|line| line.contains(" INFO ")).collect();
    assert_eq!(verbose.len(), events.len());
    told(&verbose.join("\n"), "-v");

    for secret in secrets("2000000000", KEY) {
        assert!(!log.contains(&secret) && !ran.err.contains(&secret) && !ran.out.contains(&secret), "a secret is told");
        for entry in walkdir::WalkDir::new(bed.path("run")).into_iter().flatten().filter(|e| e.file_type().is_file()) {
            let bytes = std::fs::read(entry.path()).unwrap();
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{} holds a secret", entry.path().display());
        }
    }
}

#[test]
fn a_wrong_key_is_told_nowhere() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    bed.scans(&[PAPER]);
    let (no_check, list) = (bed.no_check(), sample("customers.xlsx"));
    let mut command = bed.command_at(&server);
    command.env("AVATAX_LICENSE_KEY", "Zq81-hunter2-Zq81");
    let ran = command.args(arguments(&no_check, list.to_str().unwrap())).output().unwrap();
    assert_eq!(ran.status.code(), Some(5));
    let log = std::fs::read_to_string(bed.path("log.jsonl")).unwrap();
    assert!(log.contains("\"call\":\"Ping\"") && log.contains("\"exit_code\":5"), "{log}");
    for secret in secrets("2000000000", "Zq81-hunter2-Zq81") {
        for text in [log.as_bytes(), &ran.stderr, &ran.stdout] {
            assert!(!text.windows(secret.len()).any(|w| w == secret.as_bytes()));
        }
    }
}

#[test]
fn a_log_that_cannot_be_written_stops_at_once() {
    let bed = Bed::new();
    let ran = bed.run(&["status", "--log", "no/such/folder/log"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error_line().contains("the log can't be written"), "{}", ran.err);
}
