//! A plan on paper: carried out exactly, or refused with the reason.

use crate::bed::{Bed, MERCHANT, Server, TODAY, sample, unattended};
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
        &unattended(&["--answers", planned.bed.write("neither.yaml", "action: neither\n").to_str().unwrap(), "--run-dir", "other"]),
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

/// One customer is refused: its certificate and its invitation are left out by name, all the others go through.
#[test]
fn a_refused_customer_leaves_out_only_its_own_writes() {
    let planned = Planned::new();
    assert_eq!(planned.plan(&[]).code, 3);
    let file = planned.file();
    let writes = |gate: usize| file["gates"][gate]["actions"].as_array().unwrap().clone();
    let holder = writes(1)[0]["customer"].as_str().unwrap().to_owned();
    let invited = writes(2)[0]["draft"]["customer"].as_str().unwrap().to_owned();
    planned.server.set_faults(&serde_json::json!({ "refuse_customers": [holder, invited] }).to_string());
    let applied = planned.apply("run");
    assert_eq!(applied.code, 3, "{}", applied.err);
    assert!(applied.err.contains("left out, because its customer was refused: create certificate"), "{}", applied.err);
    assert!(applied.err.contains(&format!("left out, because its customer was refused: invite {invited}")), "{}", applied.err);
    assert!(applied.err.contains(&format!("not done: create customer {holder}")), "{}", applied.err);
    assert_eq!(planned.server.customers().len(), writes(0).len() - 2);
    assert!(planned.server.certificates().is_empty());
    assert_eq!(planned.server.invitations().len(), writes(2).len() - 1);

    // Going on changes nothing more by itself, even once the service would take them: a refusal is a person's business.
    planned.server.no_faults();
    let state = planned.server.state();
    let resumed = planned.bed.run_at(&planned.server, &["resume", "run", "--non-interactive", "--yes"]);
    assert_eq!(resumed.code, 3, "{}", resumed.err);
    assert_eq!(planned.server.state(), state);
}

/// A service that takes small requests only: the paper is drawn anew, and that is said.
#[test]
fn a_paper_that_is_too_large_for_the_service_is_made_smaller() {
    let bed = Bed::new();
    let server = bed.server(&["--largest-request", "200000"]);
    bed.scans(&["IMG_2231.jpg"]);
    let (no_check, list) = (bed.no_check(), sample("customers.xlsx"));
    let given = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--company", "DEFAULT", "--run-dir", "run"];
    let ran = bed.run_at(
        &server,
        &[&given[..], &["--customers", list.to_str().unwrap(), "--certificates", "scans", "--answers", &no_check]].concat(),
    );
    assert_eq!(ran.code, 3, "{}", ran.err);
    let certificates = server.certificates();
    assert_eq!(certificates.len(), 1, "{}", ran.err);
    assert!(ran.err.contains("its pages were drawn anew at "), "{}", ran.err);
    let report = std::fs::read_to_string(bed.path("run/report.html")).unwrap();
    assert!(report.contains("its pages were drawn anew at "), "the report says so, too");
    let (status, pdf) = server.get_bytes(&format!("/api/v2/companies/12345/certificates/{}/attachment", certificates[0]["id"]));
    assert_eq!(status, 200);
    assert!(pdf.starts_with(b"%PDF") && pdf.len() < 150_000, "{} bytes", pdf.len());
}

/// Who has no e-mail address gets a fax or a link, and who can't be asked for anything is not invited; each with its reason.
#[test]
fn customers_without_an_e_mail_address_are_reached_otherwise() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let list = bed.write(
        "customers.csv",
        "Customer Code,Name,Address,City,State,Zip,Country,Email,Fax,Tax Exempt\n\
         K1,Amber Tools LLC,1000 Oak Street,Austin,TX,78701,US,ap1@example.com,,Y\n\
         K2,Birch Bakery LLC,1007 Pine Street,Austin,TX,78702,US,,512-555-0102,Y\n\
         K3,Copper Press GmbH,10 Lange Strasse,Hamburg,,20095,DE,ap3@example.com,,Y\n\
         K4,Dover Books LLC,1021 Ash Street,Austin,TX,78704,US,,,Y\n\
         K5,Elm Cycles LLC,1028 Ash Street,Austin,TX,78705,US,ap5@example.com,,N\n",
    );
    let answers = bed.write("answers.yaml", "action: invite\n");
    let given = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--company", "DEFAULT", "--run-dir", "run"];
    let more = ["--customers", list.to_str().unwrap(), "--answers", answers.to_str().unwrap()];
    let ran = bed.run_at(&server, &[&given[..], &more].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    for row in ["invited by e-mail", "invited by fax", "get a link, to pass on", "not invited: no zone of the service's list"] {
        assert!(ran.err.contains(row), "{row}: {}", ran.err);
    }
    assert!(ran.out.contains("3 sent, 1 of them as links to pass on"), "{}", ran.out);
    let mut sent: Vec<(String, String, String)> = server
        .invitations()
        .iter()
        .map(|i| ["customerCode", "deliveryMethod", "recipient"].map(|key| i[key].as_str().unwrap_or("").to_owned()).into())
        .collect();
    sent.sort();
    let wanted = [("K1", "Email", "ap1@example.com"), ("K2", "Fax", "512-555-0102"), ("K4", "Download", "")];
    assert_eq!(sent, wanted.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    let report = std::fs::read_to_string(bed.path("run/report.html")).unwrap();
    assert!(report.contains(&format!("href=\"{}/certexpress/", server.url)), "the report has the link");
    let plan: Value = serde_json::from_str(&std::fs::read_to_string(bed.path("run/plan-invitations.json")).unwrap()).unwrap();
    assert!(plan["notes"][0]["text"].as_str().unwrap().starts_with("no zone"));
}
