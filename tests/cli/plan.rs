//! A plan on paper: carried out exactly, or refused with the reason.

use crate::bed::{Bed, MERCHANT, Server, TODAY, sample};
use serde_json::Value;

const PAPER: &str = "Resale Cert_Lone Oak_TX.pdf";

/// A bed with a small merchant: the list beside the plan, so that a test can change it.
struct Planned {
    bed: Bed,
    server: Server,
}

impl Planned {
    fn new() -> Self {
        let bed = Bed::new();
        let server = bed.server(&[]);
        bed.scans(&[PAPER]);
        std::fs::copy(sample("customers.xlsx"), bed.path("customers.xlsx")).unwrap();
        Self { bed, server }
    }

    fn plan(&self, more: &[&str]) -> crate::bed::Ran {
        let no_check = self.bed.no_check();
        let given =
            ["plan", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--company", "DEFAULT", "-o", "plan.json"];
        let paths = ["--customers", "customers.xlsx", "--certificates", "scans", "--answers", &no_check];
        self.bed.run_at(&self.server, &[&given[..], &paths, more].concat())
    }

    fn apply(&self, run: &str) -> crate::bed::Ran {
        self.bed.run_at(&self.server, &["apply", "plan.json", "--yes", "--non-interactive", "--run-dir", run])
    }

    fn file(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.bed.path("plan.json")).unwrap()).unwrap()
    }
}

#[test]
fn a_plan_is_carried_out_exactly_and_once() {
    let planned = Planned::new();
    let made = planned.plan(&[]);
    assert_eq!(made.code, 3, "{}", made.err);
    assert_eq!(planned.server.writes(), 0, "planning wrote");
    assert!(made.out.contains("Customers     ") && made.out.contains("certonboard apply plan.json"), "{}", made.out);
    let file = planned.file();
    let actions: Vec<&Value> = file["gates"].as_array().unwrap().iter().flat_map(|g| g["actions"].as_array().unwrap()).collect();
    let of = |write: &str| actions.iter().filter(|a| a["write"] == write).count();
    assert_eq!((of("create_certificate"), of("create_customer") > 50, of("send_invitation") > 5), (1, true, true));
    assert!(actions.iter().all(|a| !a["reason"].as_str().unwrap().is_empty()));
    // Exempt customers with a certificate first, then the other exempt ones, then the rest.
    let customers = file["gates"][0]["actions"].as_array().unwrap();
    let exempt: Vec<bool> = customers.iter().map(|a| a["customer"]["exemption"]["status"] == "exempt").collect();
    let holder = actions.iter().find(|a| a["write"] == "create_certificate").unwrap()["customer"].clone();
    assert_eq!(customers[0]["customer"]["code"], holder);
    assert!(exempt.windows(2).all(|pair| pair[0] >= pair[1]), "{exempt:?}");

    let applied = planned.apply("run");
    assert_eq!(applied.code, 3, "{}", applied.err);
    assert!(applied.err.contains("1 scans were read when the plan was made"), "{}", applied.err);
    let state = planned.server.state();
    assert_eq!(state.iter().filter(|row| row.starts_with("certificate ")).count(), 1);
    assert_eq!(state.iter().filter(|row| row.starts_with("invitation ")).count(), of("send_invitation"));
    assert_eq!(state.iter().filter(|row| row.starts_with("customer ")).count(), of("create_customer"));
    let record = planned.bed.run(&["status", "run", "--format", "json"]);
    let record: Value = serde_json::from_str(&record.out).unwrap();
    for key in ["sessionId", "timestamp", "userId", "stepsCompleted", "apiCalls", "aiRecommendations", "configSnapshot"] {
        assert!(!record[key].is_null(), "{key}");
    }
    assert_eq!(record["writes"].as_array().unwrap().len(), actions.len());

    // The same plan once more: the service is not as it was.
    let writes = planned.server.writes();
    let again = planned.apply("again");
    assert_eq!(again.code, 2, "{}", again.err);
    assert!(again.error_line().contains("the service has changed since the plan was made"), "{}", again.err);
    assert_eq!(planned.server.writes(), writes);
    // A new plan has nothing in it.
    let made = planned.plan(&["--run-dir", "plan2"]);
    assert!(matches!(made.code, 0 | 3), "{}", made.err);
    let left: usize = planned.file()["gates"].as_array().unwrap().iter().map(|g| g["actions"].as_array().unwrap().len()).sum();
    assert_eq!(left, 0);
}

#[test]
fn a_changed_plan_or_input_is_refused_by_name() {
    let planned = Planned::new();
    assert_eq!(planned.plan(&[]).code, 3);
    let text = std::fs::read_to_string(planned.bed.path("plan.json")).unwrap();

    planned.bed.write("plan.json", &text.replacen("\"create_customer\"", "\"update_customer\"", 1));
    let ran = planned.apply("a");
    assert_eq!(ran.code, 2, "{}", ran.err);
    planned.bed.write("plan.json", "{}");
    assert!(planned.apply("b").error_line().contains("it is no plan of certonboard"));
    planned.bed.write("plan.json", &text);

    std::fs::write(planned.bed.path("scans/new.pdf"), b"%PDF-1.4").unwrap();
    let ran = planned.apply("c");
    assert!(ran.code == 2 && ran.error_line().contains("new.pdf is new"), "{}", ran.err);
    std::fs::remove_file(planned.bed.path("scans/new.pdf")).unwrap();
    std::fs::write(planned.bed.path("customers.xlsx"), b"other").unwrap();
    let ran = planned.apply("d");
    assert!(ran.code == 2 && ran.error_line().contains("customers.xlsx was changed"), "{}", ran.err);
    assert_eq!(planned.server.writes(), 0);
    assert!(!planned.bed.path("d").exists(), "a refused plan leaves no run");
}

#[test]
fn what_somebody_else_did_meanwhile_is_named() {
    let planned = Planned::new();
    assert_eq!(planned.plan(&[]).code, 3);
    // Another consultant brings the customers in.
    let other = planned.bed.run_at(
        &planned.server,
        &[
            "run",
            "--non-interactive",
            "--yes",
            "--today",
            TODAY,
            "--merchant",
            MERCHANT,
            "--company",
            "DEFAULT",
            "--customers",
            "customers.xlsx",
            "--answers",
            planned.bed.write("neither.yaml", "action: neither\n").to_str().unwrap(),
            "--run-dir",
            "other",
        ],
    );
    assert!(matches!(other.code, 0 | 3), "{}", other.err);
    let writes = planned.server.writes();
    let ran = planned.apply("run");
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.error_line().contains("was not there, and is there now"), "{}", ran.err);
    assert_eq!(planned.server.writes(), writes, "a plan that no longer fits wrote");
}

#[test]
fn a_run_without_a_person_is_asked_for_its_yes() {
    let planned = Planned::new();
    assert_eq!(planned.plan(&[]).code, 3);
    let ran = planned.bed.run_at(&planned.server, &["apply", "plan.json", "--non-interactive", "--run-dir", "run"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.error_line().contains("apply.confirm"), "{}", ran.err);
    assert_eq!(planned.server.writes(), 0);
}
