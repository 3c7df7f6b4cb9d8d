//! The commands for the time after onboarding, through the binary and over HTTP.

use crate::bed::{Bed, MERCHANT, Ran, Server, TODAY};
use crate::wizard::Wizard;
use serde_json::Value;

/// A service with three customers, a certificate that two of them share, one of its own for the first, and one that has ended.
pub struct Town {
    pub bed: Bed,
    pub server: Server,
}

/// The smallest PDF that the service takes.
fn pdf() -> String {
    use base64::Engine;
    let text = "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n\
                3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n";
    base64::engine::general_purpose::STANDARD.encode(text)
}

impl Town {
    pub fn new() -> Self {
        let bed = Bed::new();
        let server = bed.server(&[]);
        let list = bed.write(
            "customers.csv",
            "Customer Code,Name,Address,City,State,Zip,Country,Email,Fax,Tax Exempt\n\
             K1,Amber Tools LLC,1000 Oak Street,Austin,TX,78701,US,ap1@example.com,,Y\n\
             K2,Birch Bakery LLC,1007 Pine Street,Austin,TX,78702,US,,512-555-0102,Y\n\
             K/3,Copper Press LLC,1014 Cedar Street,Dayton,OH,45402,US,,,Y\n\
             K4,Dover Books LLC,1021 Ash Street,Austin,TX,78704,US,ap4@example.com,,N\n",
        );
        let answers = bed.write("neither.yaml", "action: neither\n");
        let given =
            ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--company", "DEFAULT", "--run-dir", "run"];
        let more = ["--customers", list.to_str().unwrap(), "--answers", answers.to_str().unwrap()];
        let ran = bed.run_at(&server, &[&given[..], &more].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        let town = Self { bed, server };
        for (zone, number, signed, expires, customers) in [
            ("Texas", "32001", "2026-01-05", "2026-12-31", vec!["K1", "K2"]),
            ("Ohio", "8800", "2026-01-05", "2028-12-31", vec!["K1"]),
            ("Ohio", "8801", "2022-01-05", "2026-01-31", vec!["K/3"]),
        ] {
            let body = serde_json::json!([{
                "signedDate": signed, "expirationDate": expires, "exposureZone": { "name": zone }, "exemptionReason": { "name": "RESALE" },
                "exemptionNumber": number, "exemptPercentage": 100, "pdf": pdf(),
                "customers": customers.iter().map(|c| serde_json::json!({ "customerCode": c })).collect::<Vec<_>>(),
            }]);
            town.server.post("/api/v2/companies/12345/certificates?$preValidatedExemptionReason=true", &body);
        }
        town
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.bed.run_at(&self.server, &[args, &["--today", TODAY]].concat())
    }

    fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--format", "json"]].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err))
    }

    fn id(&self, number: &str) -> String {
        let found = self.server.certificates().into_iter().find(|c| c["exemptionNumber"] == number);
        found.unwrap_or_else(|| panic!("no certificate {number}"))["id"].to_string()
    }

    /// `number: codes` of every certificate.
    fn links(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .server
            .certificates()
            .iter()
            .map(|c| {
                let mut codes: Vec<&str> = c["customers"].as_array().unwrap().iter().map(|x| x["customerCode"].as_str().unwrap()).collect();
                codes.sort();
                format!("{}: {}", c["exemptionNumber"].as_str().unwrap(), codes.join(" "))
            })
            .collect();
        all.sort();
        all
    }
}

#[test]
fn a_customer_is_shown_with_what_exempts_it() {
    let town = Town::new();
    let status = town.json(&["customers", "show", "K1"]);
    let exempt: Vec<(&str, &str)> =
        status["exempt_in"].as_array().unwrap().iter().map(|e| (e["zone"].as_str().unwrap(), e["expires"].as_str().unwrap())).collect();
    assert_eq!(exempt, [("OH", "2028-12-31"), ("TX", "2026-12-31")]);
    assert_eq!(status["exempt_in"][0]["reason"], "RESALE");
    let text = town.run(&["customers", "show", "K1"]);
    assert!(text.out.contains("Exempt in     OH, RESALE, until 2028-12-31"), "{}", text.out);
    // A code with a slash, whose only certificate has ended.
    let status = town.json(&["customers", "show", "K/3"]);
    assert_eq!(status["exempt_in"].as_array().unwrap().len(), 0);
    assert_eq!(status["certificates"][0]["state"], "expired");
    let wrong = town.run(&["customers", "show", "k1"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.error_line().contains("has no customer k1"), "{}", wrong.err);
    assert!(wrong.err.contains("case sensitive"));
}

#[test]
fn customers_are_listed_by_what_they_lack() {
    let town = Town::new();
    let codes = |args: &[&str]| -> Vec<String> {
        let list = town.json(&[&["customers", "list"], args].concat());
        list.as_array().unwrap().iter().map(|c| c["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes(&[]), ["K/3", "K1", "K2", "K4"]);
    assert_eq!(codes(&["--exempt"]), ["K1", "K2"]);
    assert_eq!(codes(&["--without-certificate"]), ["K/3", "K4"]);
    // By the ERP's word: from its list, or from the run that read it.
    assert_eq!(codes(&["--exempt", "--without-certificate", "--customers", "customers.csv"]), ["K/3"]);
    assert_eq!(codes(&["--exempt", "--without-certificate", "--run", "run"]), ["K/3"]);
    assert_eq!(codes(&["--expiring", "60d"]), ["K1", "K2"]);
    assert_eq!(codes(&["--expiring", "60d", "--state", "OH"]), Vec::<String>::new());
    assert_eq!(codes(&["--state", "OH"]), ["K/3", "K1"]);
    let unknown = town.run(&["customers", "list", "--exempt", "--without-certificate"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("--customers FILE"), "{}", unknown.err);
}

#[test]
fn a_customer_is_made_and_changed_field_by_field() {
    let town = Town::new();
    let new = ["customers", "create", "K9", "--name", "Elm Cycles LLC", "--line1", "5 Elm Street", "--city", "Austin", "--region", "TX"];
    let ran = town.run(&[&new[..], &["--postal-code", "78705", "--yes", "--run-dir", "made"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(town.server.customers().iter().any(|c| c["customerCode"] == "K9" && c["postalCode"] == "78705"));
    let again = town.run(&[&new[..], &["--postal-code", "78705", "--yes", "--run-dir", "again"]].concat());
    assert_eq!(again.code, 2);
    assert!(again.error_line().contains("is there already") && !town.bed.path("again").exists(), "{}", again.err);

    let writes = town.server.writes();
    let dry = town.run(&["customers", "update", "K9", "--email", "new@example.com", "--dry-run", "--run-dir", "dry"]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    assert!(dry.err.contains("emailAddress: “” → “new@example.com”"), "{}", dry.err);
    assert_eq!(town.server.writes(), writes, "a dry run wrote");
    let real = town.run(&["customers", "update", "K9", "--email", "new@example.com", "--yes", "--run-dir", "changed"]);
    assert_eq!(real.code, 0, "{}", real.err);
    let found = town.server.customers().into_iter().find(|c| c["customerCode"] == "K9").unwrap();
    assert_eq!((found["emailAddress"].as_str(), found["line1"].as_str()), (Some("new@example.com"), Some("5 Elm Street")));
    // The record of it.
    let record: Value = serde_json::from_str(&town.bed.run(&["status", "changed", "--format", "json"]).out).unwrap();
    assert_eq!(record["writes"][0]["before"]["emailAddress"], "");
    assert_eq!(record["approvals"].as_array().unwrap().len(), 1);
    assert!(town.bed.run(&["status", "changed", "--verify"]).out.contains("is unbroken"));

    // A new export: what differs and what is new, each by its own command.
    town.bed.write(
        "next.csv",
        "Customer Code,Name,Address,City,State,Zip,Country,Email,Tax Exempt\n\
         K1,Amber Tools LLC,1 New Road,Austin,TX,78701,US,ap1@example.com,Y\n\
         K7,Falcon Press LLC,7 Ash Street,Austin,TX,78704,US,ap7@example.com,N\n",
    );
    let update = town.json(&["customers", "update", "--customers", "next.csv", "--yes", "--run-dir", "next"]);
    assert_eq!((update["planned"].as_u64(), update["done"].as_u64()), (Some(1), Some(1)), "{update}");
    let create = town.json(&["customers", "create", "--customers", "next.csv", "--yes", "--run-dir", "next2"]);
    assert_eq!(create["done"], 1, "{create}");
    assert!(town.server.customers().iter().any(|c| c["customerCode"] == "K1" && c["line1"] == "1 New Road"));
    let none = town.json(&["customers", "update", "--customers", "next.csv", "--yes", "--run-dir", "next3"]);
    assert_eq!((none["planned"].as_u64(), none["unchanged"].as_u64()), (Some(0), Some(2)), "{none}");
}

#[test]
fn certificates_are_listed_shown_and_saved() {
    let town = Town::new();
    let numbers = |args: &[&str]| -> Vec<String> {
        let list = town.json(&[&["certificates", "list"], args].concat());
        list.as_array().unwrap().iter().map(|c| c["number"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(numbers(&["--customer", "K1"]), ["32001", "8800"]);
    assert_eq!(numbers(&["--state", "OH", "--status", "expired"]), ["8801"]);
    assert_eq!(numbers(&["--expiring", "60d"]), ["32001"]);
    assert_eq!(numbers(&["--unlinked"]), Vec::<String>::new());
    let shown = town.run(&["certificates", "show", &town.id("32001")]);
    assert!(shown.out.contains("K1, K2") && shown.out.contains("Document      yes"), "{}", shown.out);
    assert_eq!(town.run(&["certificates", "show", "1"]).code, 2);

    std::fs::create_dir(town.bed.path("papers")).unwrap();
    let ran = town.run(&["certificates", "download", "--customer", "K/3", &town.id("32001"), "--to", "papers"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut names: Vec<String> =
        std::fs::read_dir(town.bed.path("papers")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names[0].starts_with("K-3 OH 8801 until 2026-01-31 ("), "{names:?}");
    assert!(names[1].starts_with("K1 and 1 more TX 32001 until 2026-12-31 ("), "{names:?}");
    assert!(std::fs::read(town.bed.path("papers").join(&names[0])).unwrap().starts_with(b"%PDF"));
    // A second time: nothing is overwritten.
    assert_eq!(town.run(&["certificates", "download", &town.id("32001"), "--to", "papers"]).code, 0);
    assert_eq!(std::fs::read_dir(town.bed.path("papers")).unwrap().count(), 3);

    // Printing goes through the system's command, here one of the test's own.
    let lp = town.bed.write("fake-lp", "#!/bin/sh\nhead -c 4 \"$2\" >> \"$1\"\n");
    std::fs::set_permissions(&lp, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let tool = format!("{} {}", lp.display(), town.bed.path("printed").display());
    let ran = town.run(&["certificates", "print", &town.id("32001"), &town.id("8800"), "--with", &tool]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(std::fs::read_to_string(town.bed.path("printed")).unwrap(), "%PDF%PDF");
    let none = town.run(&["certificates", "print", &town.id("32001"), "--with", "no-such-printer"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("--with"), "{}", none.err);
}

#[test]
fn unlinking_takes_just_what_was_named() {
    let town = Town::new();
    let before = town.links();
    assert_eq!(before, ["32001: K1 K2", "8800: K1", "8801: K/3"]);
    let shared = town.id("32001");
    // No terminal and no yes; a dry run; wrong names: nothing changes.
    let asked = town.run(&["certificates", "unlink", "--customer", "K2", "--certificate", &shared, "--run-dir", "a"]);
    assert_eq!(asked.code, 2, "{}", asked.err);
    assert!(asked.error_line().contains("change.confirm") && !town.bed.path("a").exists(), "{}", asked.err);
    let dry = town.run(&["certificates", "unlink", "--customer", "K2", "--certificate", &shared, "--dry-run", "--run-dir", "b"]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    let plan = std::fs::read_to_string(town.bed.path("b/plan-changes.json")).unwrap();
    assert!(plan.contains("it stays with 1 other customers"), "{plan}");
    let wrong = town.run(&["certificates", "unlink", "--customer", "NOBODY", "--certificate", &shared, "--yes", "--run-dir", "c"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    let both = town.run(&["certificates", "unlink", "--customer", "K2", "--yes", "--run-dir", "d"]);
    assert_eq!(both.code, 2, "{}", both.err);
    assert_eq!(town.links(), before);

    // The shared one: the other keeps it.
    let done = town.json(&["certificates", "unlink", "--customer", "K2", "--certificate", &shared, "--yes", "--run-dir", "e"]);
    assert_eq!((done["done"].as_u64(), done["exit_code"].as_u64()), (Some(1), Some(0)), "{done}");
    assert_eq!(town.links(), ["32001: K1", "8800: K1", "8801: K/3"]);
    // Once more: it is unlinked already.
    let writes = town.server.writes();
    let again = town.json(&["certificates", "unlink", "--customer", "K2", "--certificate", &shared, "--yes", "--run-dir", "f"]);
    assert_eq!((again["planned"].as_u64(), again["unchanged"].as_u64()), (Some(0), Some(1)), "{again}");
    assert_eq!(town.server.writes(), writes);
    // Several at once, by customer and by certificate; a code that no path carries.
    assert_eq!(town.json(&["certificates", "unlink", "--customer", "K1", "--all", "--yes", "--run-dir", "g"])["done"], 2);
    let ohio = town.id("8801");
    assert_eq!(town.json(&["certificates", "unlink", "--certificate", &ohio, "--all", "--yes", "--run-dir", "h"])["done"], 1);
    assert_eq!(town.links(), ["32001: ", "8800: ", "8801: "]);
}

#[test]
fn deleting_names_everyone_and_needs_the_number() {
    let town = Town::new();
    let before = town.links();
    let (shared, own) = (town.id("32001"), town.id("8800"));
    let refused = town.run(&["certificates", "delete", &shared, "--yes", "--confirm-number", &shared, "--run-dir", "a"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.error_line().contains("would be lost by K1, K2") && !town.bed.path("a").exists(), "{}", refused.err);
    let unnamed = town.run(&["certificates", "delete", &own, "--yes", "--run-dir", "b"]);
    assert_eq!(unnamed.code, 2, "{}", unnamed.err);
    assert!(unnamed.err.contains(&format!("--confirm-number {own}")), "{}", unnamed.err);
    let other = town.run(&["certificates", "delete", &own, "--yes", "--confirm-number", &shared, "--run-dir", "c"]);
    assert_eq!(other.code, 2, "{}", other.err);
    let dry = town.run(&["certificates", "delete", &shared, "--all-customers", "--dry-run", "--run-dir", "d"]);
    assert!(dry.code == 0 && dry.err.contains("taking it from K1, K2"), "{}", dry.err);
    assert_eq!(town.links(), before);

    let done = town.run(&["certificates", "delete", &own, "--yes", "--confirm-number", &own, "--run-dir", "e"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(town.links(), ["32001: K1 K2", "8801: K/3"]);
    let all = ["certificates", "delete", &shared, "--all-customers", "--yes", "--confirm-number", &shared, "--run-dir", "f"];
    assert_eq!(town.run(&all).code, 0);
    assert_eq!(town.links(), ["8801: K/3"]);
    // It is gone: that is said, and nothing is sent.
    let writes = town.server.writes();
    let gone = town.run(&["certificates", "delete", &shared, "--yes", "--confirm-number", &shared, "--run-dir", "g"]);
    assert_eq!(gone.code, 3, "{}", gone.err);
    assert!(gone.err.contains("no such certificate"), "{}", gone.err);
    assert_eq!(town.server.writes(), writes);
}

#[test]
fn invitations_go_out_once_within_the_window() {
    let town = Town::new();
    let sent = town.json(&["invitations", "send", "K1", "K2", "K/3", "--follow", "--yes", "--run-dir", "a"]);
    assert_eq!(sent["done"], 3, "{sent}");
    let mut ways: Vec<(&str, &str)> = sent["invitations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| (i["customer"].as_str().unwrap(), i["delivery"].as_str().unwrap()))
        .collect();
    ways.sort();
    assert_eq!(ways, [("K/3", "Download"), ("K1", "Email"), ("K2", "Fax")]);
    assert!(sent["invitations"].as_array().unwrap().iter().all(|i| i["ready"] == true), "{sent}");
    let again = town.json(&["invitations", "send", "K1", "K4", "--yes", "--run-dir", "b"]);
    assert_eq!((again["done"].as_u64(), again["unchanged"].as_u64()), (Some(1), Some(1)), "{again}");
    let list = town.json(&["invitations", "list", "--customer", "K/3"]);
    let (id, link) = (list[0]["id"].to_string(), list[0]["link"].as_str().unwrap().to_owned());
    assert!(link.contains("/certexpress/"), "{link}");
    let shown = town.run(&["invitations", "show", "K1", &town.json(&["invitations", "list", "--customer", "K1"])[0]["id"].to_string()]);
    assert!(shown.code == 0 && shown.out.contains("Sent"), "{}{}", shown.out, shown.err);
    assert_eq!(town.run(&["invitations", "show", "K1", &id]).code, 2, "an invitation of somebody else");
    // A filtered set, by the ERP's word.
    let none = town.run(&["invitations", "send", "--yes", "--run-dir", "c"]);
    assert_eq!(none.code, 2, "{}", none.err);
    let filter = ["invitations", "send", "--exempt", "--without-certificate", "--customers", "customers.csv", "--window-days", "0"];
    let filtered = town.json(&[&filter[..], &["--zone", "OH", "--for-reason", "RESALE", "--yes", "--run-dir", "d"]].concat());
    assert_eq!(filtered["done"], 1, "{filtered}");
    assert_eq!(town.server.invitations().len(), 5);
}

#[test]
fn what_ends_soon_is_renewed_once() {
    let town = Town::new();
    let dry = town.run(&["renew", "--expiring", "60d", "--dry-run", "--run-dir", "a"]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    assert!(dry.err.contains("TX ends on 2026-12-31") && dry.err.contains("OH ended on 2026-01-31"), "{}", dry.err);
    assert!(town.server.invitations().is_empty());
    let done = town.json(&["renew", "--expiring", "60d", "--yes", "--run-dir", "b"]);
    assert_eq!(done["done"], 3, "{done}");
    let again = town.json(&["renew", "--expiring", "60d", "--yes", "--run-dir", "c"]);
    assert_eq!((again["planned"].as_u64(), again["unchanged"].as_u64()), (Some(0), Some(3)), "{again}");
    assert_eq!(town.server.invitations().len(), 3);
}

#[test]
fn attributes_and_tokens() {
    let town = Town::new();
    let known = town.json(&["attributes", "list"]);
    let name = known[0]["name"].as_str().unwrap().to_owned();
    let id = town.id("32001");
    let done = town.json(&["attributes", "link", "--certificate", &id, &name, "--yes", "--run-dir", "a"]);
    assert_eq!(done["done"], 1, "{done}");
    assert_eq!(town.json(&["attributes", "list", "--certificate", &id])[0]["name"], name.as_str());
    let again = town.json(&["attributes", "link", "--certificate", &id, &name, "--yes", "--run-dir", "b"]);
    assert_eq!((again["planned"].as_u64(), again["unchanged"].as_u64()), (Some(0), Some(1)), "{again}");
    assert_eq!(town.json(&["attributes", "unlink", "--certificate", &id, &name, "--yes", "--run-dir", "c"])["done"], 1);
    assert!(town.json(&["attributes", "list", "--certificate", &id]).as_array().unwrap().is_empty());
    let wrong = town.run(&["attributes", "link", "--certificate", &id, "NO SUCH THING", "--yes", "--run-dir", "d"]);
    assert_eq!(wrong.code, 3, "{}", wrong.err);
    assert!(wrong.err.contains("not done"), "{}", wrong.err);

    // Of a customer, too.
    let flag = ["attributes", "link", "--customer", "K1", "DO NOT MAIL", "--yes", "--run-dir", "e"];
    assert_eq!(town.json(&flag)["done"], 1);
    assert_eq!(town.json(&["attributes", "list", "--customer", "K1"])[0]["name"], "DO NOT MAIL");
    assert_eq!(town.json(&["attributes", "unlink", "--customer", "K1", "DO NOT MAIL", "--yes", "--run-dir", "f"])["done"], 1);

    let token = town.json(&["ecommerce-token", "K1", "--yes", "--run-dir", "g"]);
    assert!(token["token"].as_str().unwrap().len() > 20 && token["expires"].is_string(), "{token}");
    // The record says that one was made, and not which.
    let record = town.bed.run(&["status", "g", "--format", "json"]).out;
    assert!(!record.contains(token["token"].as_str().unwrap()));
    for entry in std::fs::read_dir(town.bed.path("g")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let secret = token["token"].as_str().unwrap().as_bytes();
        assert!(!bytes.windows(secret.len()).any(|w| w == secret), "the token is kept");
    }
    assert_eq!(town.run(&["ecommerce-token", "K1", "--run-dir", "h"]).code, 2, "without a yes");
    assert_eq!(town.run(&["ecommerce-token", "K1", "--dry-run", "--run-dir", "i"]).code, 0);
    assert_eq!(town.run(&["ecommerce-token", "NOBODY", "--yes", "--run-dir", "j"]).code, 2);
}

/// A change that was killed goes on with `resume`, and does nothing twice.
#[test]
fn a_change_that_was_stopped_goes_on() {
    let town = Town::new();
    let shared = town.id("32001");
    // Every write's answer is lost, and every try: the first process gives up.
    town.server.set_faults(r#"{"resets_before": 1.0}"#);
    let stopped = town.run(&["certificates", "unlink", "--certificate", &shared, "--all", "--yes", "--run-dir", "run2"]);
    assert_eq!(stopped.code, 1, "{}", stopped.err);
    assert!(stopped.err.contains("go on with: certonboard resume run2"), "{}", stopped.err);
    town.server.no_faults();
    assert_eq!(town.links()[0], "32001: K1 K2");
    let resumed = town.bed.run_at(&town.server, &["resume", "run2"]);
    assert_eq!(resumed.code, 0, "{}", resumed.err);
    assert_eq!(town.links()[0], "32001: ");
    let writes = town.server.writes();
    assert_eq!(town.bed.run_at(&town.server, &["resume", "run2"]).code, 0);
    assert_eq!(town.server.writes(), writes);
}

/// The practice service of a run is asked by the run's name.
#[test]
fn a_practice_run_can_be_asked_afterwards() {
    let bed = Bed::new();
    bed.write(
        "customers.csv",
        "Customer Code,Name,Address,City,State,Zip,Country,Email,Tax Exempt\nK1,Amber Tools LLC,1000 Oak Street,Austin,TX,78701,US,ap1@example.com,Y\n",
    );
    let answers = bed.write("invite.yaml", "action: invite\n");
    let given = ["run", "--sandbox", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "run"];
    let ran = bed.run(&[&given[..], &["--customers", "customers.csv", "--answers", answers.to_str().unwrap()]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let shown = bed.run(&["customers", "show", "K1", "--run", "run"]);
    assert!(shown.code == 0 && shown.out.contains("Amber Tools LLC") && shown.out.contains("Email"), "{}{}", shown.out, shown.err);
    let nowhere = bed.run(&["customers", "show", "K1", "--sandbox"]);
    assert!(nowhere.code == 2 && nowhere.err.contains("--run RUN"), "{}", nowhere.err);
    let which = bed.run(&["customers", "list"]);
    assert!(which.code == 2 && which.error_line().contains("which service is meant?"), "{}", which.err);
}

#[test]
fn the_connection_is_tested() {
    let town = Town::new();
    let told = town.json(&["check"]);
    assert_eq!((told["company"]["code"].as_str(), told["storage"].as_str()), (Some("DEFAULT"), Some("provisioned")), "{told}");
    let text = town.run(&["check"]);
    assert!(text.code == 0 && text.out.contains("exposure zones") && text.out.contains("Console"), "{}{}", text.out, text.err);
    let wrong = town.run(&["check", "--company", "NOBODY"]);
    assert!(wrong.code == 2 && wrong.error_line().contains("it has DEFAULT"), "{}", wrong.err);
    let mut command = town.bed.command_at(&town.server);
    command.env("AVATAX_LICENSE_KEY", "wrong").args(["check"]);
    assert_eq!(command.output().unwrap().status.code(), Some(5));

    // A company without storage is told as such.
    let bed = Bed::new();
    let bare = bed.server(&["--not-provisioned"]);
    let ran = bed.run_at(&bare, &["check"]);
    assert!(ran.code == 3 && ran.out.contains("not set up"), "{}{}", ran.out, ran.err);
    // A service that does not answer in the time that was given.
    let slow = bed.server(&["--latency", "3000"]);
    let ran = bed.run_at(&slow, &["check", "--timeout", "1"]);
    assert!(ran.code == 1 && ran.err.contains("no answer in time"), "{}", ran.err);
}

/// A no at the question, a number that is not the certificate's, and then both as they should be.
#[test]
fn a_person_is_asked_and_a_no_changes_nothing() {
    let town = Town::new();
    let before = town.links();
    let own = town.id("8800");
    let args = |run: &'static str, rest: &[&str]| -> Vec<String> {
        rest.iter().chain(&["--today", TODAY, "--run-dir", run]).map(|a| (*a).to_owned()).collect()
    };
    let start = |args: Vec<String>| Wizard::start(&town.bed, &town.server, &args.iter().map(String::as_str).collect::<Vec<_>>());
    let mut unlink = start(args("a", &["certificates", "unlink", "--customer", "K1", "--certificate", &own]));
    unlink.see("Planned: 1 change").see("Take 1 certificate from its customers?").keys("n");
    unlink.see("Declined: nothing was changed");
    unlink.end(4);
    let mut wrong = start(args("b", &["certificates", "delete", &own]));
    wrong.see("taking it from K1").see("Type the certificate's number").keys("1\r");
    wrong.see("nothing was deleted");
    wrong.end(4);
    let mut no = start(args("c", &["certificates", "delete", &own]));
    no.see("Type the certificate's number").keys(&format!("{own}\r"));
    no.see("Delete 1 certificate for good?").keys("n");
    no.see("Declined: nothing was changed");
    no.end(4);
    assert_eq!(town.links(), before);
    let mut yes = start(args("d", &["certificates", "delete", &own]));
    yes.see("Type the certificate's number").keys(&format!("{own}\r"));
    yes.see("Delete 1 certificate for good?").keys("y");
    yes.see("1 of 1 done");
    yes.end(0);
    assert_eq!(town.links(), ["32001: K1 K2", "8801: K/3"]);
}
