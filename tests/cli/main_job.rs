//! The main job against a sandbox over HTTP, read back through its API and compared with the sample data's truth.

use crate::bed::{Bed, MERCHANT, TODAY, sample};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn truth() -> Vec<Value> {
    let text = std::fs::read_to_string(sample("truth.jsonl")).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn customers_truth() -> Value {
    serde_json::from_str(&std::fs::read_to_string(sample("customers_truth.json")).unwrap()).unwrap()
}

fn codes(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The whole of the sample data: the first run does everything, a dry run before it nothing, a second run nothing more.
#[test]
fn the_whole_job_once_and_not_twice() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let (file, scans) = (sample("customers.xlsx"), sample("certificates"));
    let given = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--company", "DEFAULT"];
    let no_check = bed.no_check();
    let paths = ["--customers", file.to_str().unwrap(), "--certificates", scans.to_str().unwrap(), "--answers", &no_check];
    let given = [&given[..], &paths].concat();

    let dry = bed.run_at(&server, &[&given[..], &["--dry-run", "--run-dir", "dry"]].concat());
    assert_eq!(dry.code, 3, "{}", dry.err);
    assert_eq!(server.writes(), 0, "a dry run wrote");
    assert!(dry.out.contains("Dry run: nothing was written"), "{}", dry.out);
    let planned: Value = serde_json::from_str(&std::fs::read_to_string(bed.path("dry/plan.json")).unwrap()).unwrap();

    let ran = bed.run_at(&server, &[&given[..], &["--run-dir", "first", "--format", "json"]].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);
    let summary: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(std::fs::read_to_string(bed.path("first/report.html")).unwrap().contains(MERCHANT));

    // Every plan could be read before its question, and the report lists what was sent.
    assert!(bed.path("first/plan-customers.json").exists() && bed.path("first/plan-certificates.json").exists());
    assert!(std::fs::read_to_string(bed.path("first/report.html")).unwrap().contains("create customer"));

    // What the dry run said is what was done.
    let made: Value = serde_json::from_str(&std::fs::read_to_string(bed.path("first/plan.json")).unwrap()).unwrap();
    let ids = |plans: &Value| -> Vec<String> {
        let actions = plans.as_array().unwrap().iter().flat_map(|p| p["plan"]["actions"].as_array().unwrap().clone());
        actions.map(|a| text(&a["id"])).collect()
    };
    assert_eq!(ids(&planned), ids(&made));

    // Customers.
    let truth_list = customers_truth();
    let have: BTreeSet<String> = server.customers().iter().map(|c| text(&c["customerCode"])).collect();
    // A customer without an address line is counted, and can't be sent: the service requires the line.
    // A code that stands for two different customers is held back until a person has told which is right.
    let mut unsendable = codes(&truth_list["missing_address_line"]);
    unsendable.extend(truth_list["conflicting_codes"].as_array().unwrap().iter().map(|c| text(&c["code"])));
    let exempt: BTreeSet<String> = codes(&truth_list["exempt_codes"]).difference(&unsendable).cloned().collect();
    assert_eq!(have.len() + unsendable.len(), truth_list["with_code"].as_u64().unwrap() as usize);
    assert!(exempt.is_subset(&have), "exempt and not there: {:?}", exempt.difference(&have).collect::<Vec<_>>());
    assert_eq!(summary["figures"]["customers"], truth_list["total"]);
    assert_eq!(summary["figures"]["exempt"], truth_list["exempt"]);

    // Certificates: each belongs to a good paper, with that paper's number, dates and reason, linked to its customer and to nobody else.
    let papers: Vec<Value> = truth().into_iter().filter(|t| t["outcome"] == "link").collect();
    let certificates = server.certificates();
    let mut by_customer: BTreeMap<String, usize> = BTreeMap::new();
    let fold = |s: &str| -> String { s.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_uppercase() };
    for c in &certificates {
        let linked = c["customers"].as_array().unwrap();
        assert_eq!(linked.len(), 1, "{c}");
        let code = text(&linked[0]["customerCode"]);
        let paper = papers.iter().find(|t| {
            let state = t["states"].as_array().unwrap().iter().find(|s| s["region"] == c["exposureZone"]["region"]);
            text(&t["customer_code"]) == code && state.is_some_and(|s| fold(&text(&s["number"])) == fold(&text(&c["exemptionNumber"])))
        });
        let paper = paper.unwrap_or_else(|| panic!("no good paper says this: {c}"));
        assert!(text(&c["signedDate"]).starts_with(&text(&paper["signed_date"])), "{c} {paper}");
        // The paper's own end, else the state's rule (of the sample's states Illinois has one: three years), else what the answers file says.
        let signed: jiff::civil::Date = paper["signed_date"].as_str().unwrap().parse().unwrap();
        let by_rule = match text(&c["exposureZone"]["region"]).as_str() {
            "IL" => Some(signed.checked_add(jiff::Span::new().years(3)).unwrap().to_string()),
            _ => None,
        };
        let expires = paper["expiration_date"].as_str().map(str::to_owned).or(by_rule).unwrap_or("9999-12-31".to_owned());
        assert!(text(&c["expirationDate"]).starts_with(&expires), "{c} {paper}");
        assert_eq!(text(&c["exemptionReason"]["name"]), text(&paper["reason"]), "{c}");
        assert_eq!(c["documentExists"], true);
        let (status, bytes) = server.get_bytes(&format!("/api/v2/companies/12345/certificates/{}/attachment?$type=Pdf", c["id"]));
        assert_eq!(status, 200);
        let document = lopdf::Document::load_mem(&bytes).unwrap();
        // The truth counts an instruction page to its paper; leaving it out is right too. A page of another paper never is.
        let pages = paper["pages"][1].as_u64().unwrap() - paper["pages"][0].as_u64().unwrap() + 1;
        let sent = document.get_pages().len() as u64;
        assert!((1..=pages).contains(&sent), "{sent} pages of a paper of {pages} were uploaded: {paper}");
        *by_customer.entry(code).or_default() += 1;
    }
    assert!(!certificates.is_empty());
    assert_eq!(summary["figures"]["certificates_linked"], certificates.len());

    // A paper for several states gives one certificate for each.
    let multi: Vec<&Value> = papers.iter().filter(|t| t["states"].as_array().unwrap().len() > 1).collect();
    assert!(!multi.is_empty(), "the sample data has no paper for several states");
    let whole =
        multi.iter().filter(|t| by_customer.get(&text(&t["customer_code"])) == Some(&t["states"].as_array().unwrap().len())).count();
    assert!(whole > 0, "no paper for several states went through");

    // Invitations: exempt, not covered, once, to the ERP's address.
    let mut invited = BTreeSet::new();
    for i in server.invitations() {
        let code = text(&i["customerCode"]);
        assert!(exempt.contains(&code), "{code} is not exempt");
        assert!(!by_customer.contains_key(&code), "{code} has a certificate");
        assert!(invited.insert(code), "twice: {i}");
        // By mail to the ERP's address; who has none gets a link.
        match text(&i["deliveryMethod"]).as_str() {
            "Email" => assert!(i["recipient"].as_str().is_some_and(|r| r.contains('@')), "{i}"),
            _ => assert!(i["recipient"].is_null() && i["customer"]["emailAddress"].is_null(), "{i}"),
        }
    }
    assert!(!invited.is_empty());

    // The same input again: nothing to do.
    let (writes, state) = (server.writes(), server.state());
    let again = bed.run_at(&server, &[&given[..], &["--run-dir", "second"]].concat());
    assert_eq!(again.code, 3, "{}", again.err);
    assert_eq!(server.writes(), writes, "the second run wrote: {}", again.err);
    assert_eq!(server.state(), state);
}

#[test]
fn the_answers_of_the_demo_answer_everything() {
    let bed = Bed::new();
    let (file, scans) = (sample("customers.xlsx"), bed.scans(&["Resale Cert_Lone Oak_TX.pdf"]));
    let answers = sample("answers.yaml");
    let args = ["run", "--non-interactive", "--today", TODAY, "--answers", answers.to_str().unwrap(), "--run-dir", "run"];
    let ran = bed.run(&[&args[..], &["--customers", file.to_str().unwrap(), "--certificates", scans.to_str().unwrap()]].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.out.contains("report.html"), "{}", ran.out);
    // The practice service's data and the journal are for the user alone.
    #[cfg(unix)]
    for (name, mode) in [("run", 0o700), ("run/journal.sqlite", 0o600), ("run/report.html", 0o600), ("run/sandbox.sqlite", 0o600)] {
        use std::os::unix::fs::PermissionsExt;
        let found = std::fs::metadata(bed.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name}: {found:o}");
    }
}

#[test]
fn a_damaged_scan_is_listed_and_the_others_go_on() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let scans = bed.scans(&["Resale Cert_Lone Oak_TX.pdf"]);
    std::fs::write(scans.join("aaa broken.pdf"), b"%PDF-1.4 cut off").unwrap();
    std::fs::write(scans.join("empty.tif"), b"").unwrap();
    let file = sample("customers.xlsx");
    let args = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--customers", file.to_str().unwrap()];
    let no_check = bed.no_check();
    let more = ["--certificates", scans.to_str().unwrap(), "--run-dir", "run", "--answers", &no_check];
    let ran = bed.run_at(&server, &[&args[..], &more].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("aaa broken.pdf"), "{}", ran.err);
    assert_eq!(server.certificates().len(), 1);
    let report = std::fs::read_to_string(bed.path("run/report.html")).unwrap();
    assert!(report.contains("aaa broken.pdf") && report.contains("empty.tif"));
}
