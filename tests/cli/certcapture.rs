//! CertCapture as the service, in both ways that are published for it: the whole job, and the commands for later. What is there afterwards is looked at
//! through AvaTax's calls on the same store.

use crate::bed::{Bed, KEY, MERCHANT, Ran, Server, TODAY, sample};
use serde_json::Value;

const PAPERS: [&str; 2] = ["Resale Cert_Lone Oak_TX.pdf", "SST_F0003_Northgate.pdf"];
const DIALECTS: [&str; 2] = ["openapi", "guide"];

fn service(dialect: &str) -> [&str; 6] {
    ["--service", "certcapture", "--certcapture-dialect", dialect, "--company", "12345"]
}

struct Town {
    bed: Bed,
    server: Server,
    dialect: &'static str,
}

impl Town {
    /// Customers, certificates of two papers, tokens for the others.
    fn new(dialect: &'static str, faults: &[&str]) -> (Self, Ran) {
        let bed = Bed::new();
        let server = bed.server(faults);
        bed.scans(&PAPERS);
        let (no_check, list) = (bed.no_check(), sample("customers.xlsx"));
        let town = Self { bed, server, dialect };
        let given = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "run"];
        let paths = ["--customers", list.to_str().unwrap(), "--certificates", "scans", "--answers", &no_check];
        let ran = town.bed.run_at(&town.server, &[&given[..], &service(dialect), &paths].concat());
        (town, ran)
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.bed.run_at(&self.server, &[args, &service(self.dialect), &["--today", TODAY]].concat())
    }

    fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--format", "json"]].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err))
    }
}

#[test]
fn the_whole_job_runs_on_certcapture_and_nothing_twice() {
    for dialect in DIALECTS {
        let (town, ran) = Town::new(dialect, &[]);
        assert_eq!(ran.code, 3, "{dialect}: {}", ran.err);
        assert!(ran.err.contains("Connected to CertCapture at http://127.0.0.1"), "{dialect}: {}", ran.err);
        assert!(ran.err.contains("sends no invitations"), "{dialect}: {}", ran.err);
        let certificates = town.server.certificates();
        // One paper for one state, one for three.
        assert_eq!(certificates.len(), 4, "{dialect}: {}", ran.err);
        for certificate in &certificates {
            assert_eq!(certificate["customers"].as_array().unwrap().len(), 1, "{dialect}: {certificate}");
            let (status, pdf) = town.server.get_bytes(&format!("/api/v2/companies/12345/certificates/{}/attachment", certificate["id"]));
            assert!(status == 200 && pdf.starts_with(b"%PDF"), "{dialect}: a document is missing");
        }
        assert!(ran.out.contains("Exempt now    4 of 4"), "{dialect}: {}", ran.out);
        assert!(town.server.customers().len() > 50);
        assert!(town.server.invitations().is_empty());
        let report = std::fs::read_to_string(town.bed.path("run/report.html")).unwrap();
        assert!(report.contains("e-commerce token "), "{dialect}: the tokens are in the report");

        assert!(ran.out.contains("Tokens ") && !ran.out.contains("Invitations "), "{dialect}: {}", ran.out);
        // A run that is done has nothing left; a new run of the same input writes no customer, no certificate and no token.
        let writes = town.server.writes();
        let resumed = town.bed.run_at(&town.server, &["resume", "run", "--non-interactive", "--yes"]);
        assert!(matches!(resumed.code, 0 | 3), "{dialect}: {}", resumed.err);
        assert_eq!(town.server.writes(), writes, "{dialect}: {}", resumed.err);
        let (no_check, list) = (town.bed.no_check(), sample("customers.xlsx"));
        let given = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "second"];
        let paths = ["--customers", list.to_str().unwrap(), "--certificates", "scans", "--answers", &no_check];
        let again = town.bed.run_at(&town.server, &[&given[..], &service(dialect), &paths].concat());
        assert!(matches!(again.code, 0 | 3), "{dialect}: {}", again.err);
        assert_eq!(town.server.writes(), writes, "{dialect}: {}", again.err);
        assert!(again.err.contains("they have an open invitation"), "{dialect}: {}", again.err);
    }
}

#[test]
fn what_ends_soon_is_renewed_once_on_this_machine() {
    for dialect in DIALECTS {
        let there = crate::later::Town::new();
        let town = Town { bed: there.bed, server: there.server, dialect };
        let before = town.server.writes();
        let dry = town.json(&["renew", "--expiring", "60d", "--dry-run", "--run-dir", "a"]);
        let due = dry["planned"].as_u64().unwrap();
        assert!(due > 0 && town.server.writes() == before, "{dialect}: {dry}");
        let made = town.json(&["renew", "--expiring", "60d", "--yes", "--run-dir", "b"]);
        assert_eq!((made["done"].as_u64(), made["tokens"].as_array().map(Vec::len)), (Some(due), Some(due as usize)), "{dialect}: {made}");
        assert_eq!(town.server.writes(), before + due, "{dialect}");
        let again = town.json(&["renew", "--expiring", "60d", "--yes", "--run-dir", "c"]);
        assert_eq!((again["planned"].as_u64(), again["unchanged"].as_u64()), (Some(0), Some(due)), "{dialect}: {again}");
        assert_eq!(town.server.writes(), before + due, "{dialect}");
        // Without the window they are asked anew: what was made is what the run tells, not what the service keeps.
        let anew = town.json(&["renew", "--expiring", "60d", "--window-days", "0", "--yes", "--run-dir", "d"]);
        assert_eq!(anew["done"].as_u64(), Some(due), "{dialect}: {anew}");
    }
}

#[test]
fn name_and_password_go_for_a_token() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let log = bed.path("log.jsonl");
    let run = |dialect: &str, password: &str, more: &[&str]| {
        let args = [
            &["check", "--base-url", &server.url, "--service", "certcapture", "--certcapture-dialect", dialect, "--company", "12345"],
            more,
        ]
        .concat();
        let mut command = bed.command();
        command.env("CERTCAPTURE_SIGN_IN", "token").env("CERTCAPTURE_USERNAME", "2000000000").env("CERTCAPTURE_PASSWORD", password);
        let output = command.args(args).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, err) = run("openapi", KEY, &["--log", log.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{err}");
    let told = std::fs::read_to_string(&log).unwrap();
    let calls: Vec<&str> = told.lines().filter(|l| l.contains("\"call\"")).collect();
    assert!(calls[0].contains("getAuthToken"), "{told}");
    assert_eq!(calls.iter().filter(|l| l.contains("getAuthToken")).count(), 1, "{told}");
    assert!(!told.contains(KEY) && !told.contains("Bearer"), "{told}");
    let (code, err) = run("openapi", "wrong", &[]);
    assert_eq!(code, Some(5), "{err}");
    assert!(!err.contains("wrong"), "{err}");
    let (code, err) = run("guide", KEY, &[]);
    assert!(code == Some(2) && err.contains("has no such sign-in"), "{err}");
}

#[test]
fn a_failing_certcapture_makes_nothing_twice() {
    for dialect in DIALECTS {
        let faults =
            ["--seed", "5", "--resets-after", "0.1", "--resets-before", "0.05", "--server-errors", "0.05", "--stored-but-refused", "0.3"];
        let (town, mut ran) = Town::new(dialect, &faults);
        for _ in 0..30 {
            if matches!(ran.code, 0 | 3) {
                break;
            }
            assert_eq!(ran.code, 1, "{dialect}: {}", ran.err);
            ran = match town.bed.path("run/journal.sqlite").exists() {
                true => town.bed.run_at(&town.server, &["resume", "run", "--non-interactive", "--yes"]),
                false => panic!("{dialect}: {}", ran.err),
            };
        }
        town.server.no_faults();
        let certificates = town.server.certificates();
        let mut told: Vec<String> = certificates
            .iter()
            .map(|c| format!("{} {} {}", c["exposureZone"]["name"], c["exemptionNumber"], c["customers"][0]["customerCode"]))
            .collect();
        told.sort();
        told.dedup();
        assert_eq!((told.len(), certificates.len()), (4, 4), "{dialect}: {told:?}");
        for certificate in &certificates {
            assert_eq!(certificate["documentExists"], true, "{dialect}: a document was lost with its answer");
        }
        let mut codes: Vec<String> = town.server.customers().iter().map(|c| c["customerCode"].to_string()).collect();
        let all = codes.len();
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}

#[test]
fn the_dry_run_reads_and_writes_nothing() {
    for dialect in DIALECTS {
        let bed = Bed::new();
        let server = bed.server(&[]);
        bed.scans(&PAPERS[..1]);
        let (no_check, list) = (bed.no_check(), sample("customers.xlsx"));
        let given = ["run", "--dry-run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "run"];
        let paths = ["--customers", list.to_str().unwrap(), "--certificates", "scans", "--answers", &no_check];
        let ran = bed.run_at(&server, &[&given[..], &service(dialect), &paths].concat());
        assert_eq!(ran.code, 3, "{dialect}: {}", ran.err);
        assert!(ran.out.contains("1 would be created and linked"), "{dialect}: {}", ran.out);
        assert_eq!(server.writes(), 0, "{dialect}");
    }
}

#[test]
fn the_commands_for_later_work_on_certcapture() {
    for dialect in DIALECTS {
        let (town, ran) = Town::new(dialect, &[]);
        assert_eq!(ran.code, 3, "{dialect}: {}", ran.err);
        let texas = town.server.certificates().into_iter().find(|c| c["exposureZone"]["name"] == "Texas").unwrap();
        let (id, code) = (texas["id"].to_string(), texas["customers"][0]["customerCode"].as_str().unwrap().to_owned());

        let check = town.json(&["check"]);
        assert_eq!((check["sends_invitations"].as_bool(), check["zones"].as_u64() > Some(50)), (Some(false), true), "{dialect}: {check}");
        let status = town.json(&["customers", "show", &code]);
        assert_eq!(status["exempt_in"][0]["zone"], "TX", "{dialect}: {status}");
        let list = town.json(&["certificates", "list", "--customer", &code]);
        assert_eq!((list.as_array().unwrap().len(), list[0]["state"].as_str()), (1, Some("valid")), "{dialect}: {list}");
        assert!(town.run(&["certificates", "show", &id]).out.contains(&code), "{dialect}");
        assert_eq!(town.run(&["certificates", "show", "1"]).code, 2, "{dialect}");
        std::fs::create_dir(town.bed.path("papers")).unwrap();
        assert_eq!(town.run(&["certificates", "download", &id, "--to", "papers"]).code, 0, "{dialect}");
        let jpeg = town.run(&["certificates", "download", &id, "--to", "papers", "--jpeg"]);
        assert!(jpeg.code != 0 && jpeg.err.contains("has no such call"), "{dialect}: {}", jpeg.err);

        let new =
            ["customers", "create", "Z/9", "--name", "Elm Cycles LLC", "--line1", "5 Elm Street", "--city", "Austin", "--region", "TX"];
        let made = town.json(&[&new[..], &["--postal-code", "00705", "--yes", "--run-dir", "a"]].concat());
        assert_eq!(made["done"], 1, "{dialect}: {made}");
        let changed = town.json(&["customers", "update", "Z/9", "--email", "new@example.com", "--yes", "--run-dir", "b"]);
        assert_eq!(changed["done"], 1, "{dialect}: {changed}");
        let found = town.server.customers().into_iter().find(|c| c["customerCode"] == "Z/9").unwrap();
        let parts = ["emailAddress", "line1", "postalCode"].map(|key| found[key].as_str().unwrap_or_default().to_owned());
        assert_eq!(parts, ["new@example.com", "5 Elm Street", "00705"], "{dialect}");

        // Tokens instead of invitations; attributes are listed and no more.
        let token = town.json(&["ecommerce-token", &code, "--yes", "--run-dir", "t"]);
        assert!(token["token"].as_str().unwrap().len() > 20, "{dialect}: {token}");
        assert!(town.json(&["invitations", "list"]).as_array().unwrap().is_empty(), "{dialect}");
        assert_eq!(town.run(&["invitations", "show", &code, "1"]).code, 2, "{dialect}");
        // Nothing ends within a day.
        assert_eq!(town.json(&["renew", "--expiring", "1d", "--yes", "--run-dir", "r1"])["planned"], 0, "{dialect}");
        let exempt = town.json(&["customers", "list", "--exempt"]);
        assert_eq!(exempt.as_array().unwrap().len(), 2, "{dialect}: {exempt}");
        let tool = format!("cp -t {}", town.bed.path("papers").display());
        assert_eq!(town.run(&["certificates", "print", &id, "--with", &tool]).code, 0, "{dialect}");
        let wrong = town.run(&["certificates", "unlink", "--customer", "NOBODY", "--certificate", &id, "--yes", "--run-dir", "w"]);
        assert_eq!(wrong.code, 2, "{dialect}: {}", wrong.err);
        let sent = town.json(&["invitations", "send", "Z/9", "--yes", "--run-dir", "c"]);
        assert_eq!((sent["done"].as_u64(), sent["tokens"].as_array().unwrap().len()), (Some(1), 1), "{dialect}: {sent}");
        assert!(!town.json(&["attributes", "list"]).as_array().unwrap().is_empty(), "{dialect}");
        assert!(town.run(&["attributes", "list", "--certificate", &id]).err.contains("has no such call"), "{dialect}");

        // Unlink, then delete.
        let unlinked = town.json(&["certificates", "unlink", "--customer", &code, "--certificate", &id, "--yes", "--run-dir", "d"]);
        assert_eq!(unlinked["done"], 1, "{dialect}: {unlinked}");
        let again = town.json(&["certificates", "unlink", "--customer", &code, "--certificate", &id, "--yes", "--run-dir", "e"]);
        assert_eq!((again["planned"].as_u64(), again["unchanged"].as_u64()), (Some(0), Some(1)), "{dialect}: {again}");
        let kept = town.server.certificates().into_iter().find(|c| c["id"].as_i64() == id.parse().ok()).unwrap();
        assert_eq!(kept["exemptionNumber"], texas["exemptionNumber"], "{dialect}: unlinking must keep the record");
        assert_eq!(kept["customers"].as_array().unwrap().len(), 0, "{dialect}");
        // One that two customers share, where there can be such: it goes for both, or for none.
        if dialect == "guide" {
            let other = town.server.certificates().into_iter().find(|c| c["id"].as_i64() != id.parse().ok()).unwrap();
            let other_id = other["id"].to_string();
            let path = format!("/api/v2/companies/12345/certificates/{other_id}/customers/link");
            town.server.post(&path, &serde_json::json!({ "customers": [code] }));
            let shared = town.run(&["certificates", "delete", &other_id, "--yes", "--confirm-number", &other_id, "--run-dir", "s1"]);
            assert!(shared.code == 2 && shared.error_line().contains("would be lost by"), "{}", shared.err);
            assert_eq!(town.server.certificates().len(), 4);
            let taken = town.json(&["certificates", "unlink", "--customer", &code, "--certificate", &other_id, "--yes", "--run-dir", "s2"]);
            assert_eq!(taken["done"], 1, "{taken}");
        }
        let deleted = town.json(&["certificates", "delete", &id, "--yes", "--confirm-number", &id, "--run-dir", "f"]);
        assert_eq!(deleted["done"], 1, "{dialect}: {deleted}");
        assert_eq!(town.server.certificates().len(), 3, "{dialect}");
    }
}

#[test]
fn the_guide_needs_its_client_id() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let ran = bed.run_at(&server, &["customers", "list", "--service", "certcapture", "--certcapture-dialect", "guide"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("client id") && ran.err.contains("--company"), "{}", ran.err);
}
