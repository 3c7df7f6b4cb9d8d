//! Help, answers, extract and the sandbox command.

use crate::bed::{Bed, MERCHANT, Ran, TODAY, sample};
use serde_json::Value;
use std::collections::BTreeMap;

#[test]
fn answers_init_and_schema_fit_each_other() {
    let bed = Bed::new();
    let template = bed.run(&["answers", "init"]);
    assert_eq!(template.code, 0);
    assert!(template.out.contains("#merchant:") && template.out.contains("# The merchant's name"), "{}", template.out);
    let schema: Value = serde_json::from_str(&bed.run(&["answers", "schema"]).out).unwrap();
    for key in schema["properties"].as_object().unwrap().keys() {
        assert!(template.out.contains(&format!("#{key}:")), "{key} is not in the template");
    }
}

#[test]
fn a_misspelt_option_is_an_error_of_usage() {
    let bed = Bed::new();
    let ran = bed.run(&["run", "--custmers", "x.csv"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("--customers"), "{}", ran.err);
}

/// The sample data has its own truth; the reader may be unsure, but never wrong about whom a paper belongs to.
#[test]
fn extract_prints_one_line_for_each_document_in_order_and_links_nobody_wrongly() {
    let bed = Bed::new();
    let (scans, customers) = (sample("certificates"), sample("customers.xlsx"));
    let args = ["extract", scans.to_str().unwrap(), "--customers", customers.to_str().unwrap(), "--merchant", MERCHANT, "--today", TODAY];
    let ran = bed.run(&args);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("unreadable: "), "the damaged file is not listed: {}", ran.err);
    let lines: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let files: Vec<&str> = lines.iter().map(|l| l["file"].as_str().unwrap()).collect();
    assert!(files.is_sorted(), "{files:?}");

    let truth = std::fs::read_to_string(sample("truth.jsonl")).unwrap();
    let truth: Vec<Value> = truth.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let base = |v: &Value| v["file"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let (mut right, mut good) = (0, 0);
    let mut wanted: BTreeMap<(String, u64), &Value> = BTreeMap::new();
    for t in &truth {
        wanted.insert((base(t), t["pages"][0].as_u64().unwrap()), t);
    }
    for t in truth.iter().filter(|t| t["outcome"] == "link") {
        good += 1;
        let hit = lines.iter().find(|l| base(l) == base(t) && l["pages"][0] == t["pages"][0]);
        right += usize::from(hit.is_some_and(|l| l["disposition"] == "accept" && l["match"]["customer_code"] == t["customer_code"]));
    }
    for line in lines.iter().filter(|l| l["disposition"] == "accept") {
        let t = wanted
            .get(&(base(line), line["pages"][0].as_u64().unwrap()))
            .unwrap_or_else(|| panic!("accepted and not in the truth: {line}"));
        assert_eq!(t["outcome"], "link", "accepted: {line}");
        assert_eq!(line["match"]["customer_code"], t["customer_code"], "{line}");
    }
    assert!(right * 2 >= good, "only {right} of {good} good papers go through without a person");
}

#[test]
fn extract_refuses_a_folder_that_is_not_there() {
    let ran = Bed::new().run(&["extract", "nowhere"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.error_line().contains("nowhere"));
}

#[test]
fn the_sandbox_keeps_its_data_in_the_file_it_is_given() {
    let bed = Bed::new();
    let file = bed.write("two.csv", "Customer ID,Name,Address,City,State,Zip,Tax Exempt\nA-1,Ann's Mill,1 Mill Rd,Dayton,OH,45402,Yes\nB/2 #7,Birch & Sons,2 Elm St,Austin,TX,78701,No\n");
    let args = ["run", "--non-interactive", "--yes", "--merchant", MERCHANT, "--customers", file.to_str().unwrap(), "--answers"];
    let answers = bed.write("answers.yaml", "action: neither\n");
    let server = bed.server(&[]);
    let ran = bed.run_at(&server, &[&args[..], &[answers.to_str().unwrap()]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    drop(server);
    let again = bed.server(&[]);
    let codes: Vec<String> = again.customers().iter().map(|c| c["customerCode"].as_str().unwrap().to_owned()).collect();
    assert_eq!(codes, ["A-1", "B/2 #7"]);
}

#[test]
fn the_program_tells_about_itself() {
    let bed = Bed::new();
    let mut command = bed.command();
    command.env("AVATAX_LICENSE_KEY", "very-secret").args(["doctor"]);
    let out = command.output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(0), "{text}");
    assert!(text.contains("AVATAX_LICENSE_KEY") && !text.contains("very-secret"), "{text}");
    let bare = bed.run(&["doctor", "--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&bare.out).unwrap();
    assert_eq!((told["ready"].as_bool(), told["credentials"].as_array().unwrap().len()), (Some(true), 0), "{told}");

    for shell in ["bash", "zsh", "fish", "powershell"] {
        let ran = bed.run(&["completions", shell]);
        assert!(ran.code == 0 && ran.out.contains("certificates") && ran.out.contains("confirm-number"), "{shell}: {}", ran.err);
    }
    std::fs::create_dir(bed.path("man")).unwrap();
    assert_eq!(bed.run(&["man", "--to", "man"]).code, 0);
    let page = std::fs::read_to_string(bed.path("man/certonboard-certificates-delete.1")).unwrap();
    assert!(page.contains("confirm") && page.starts_with(".ie"), "{page}");
}

/// What was read lies in the cache, for a run on the next day, too; whatever is spoilt there is read anew.
#[test]
fn a_scan_that_was_read_is_not_read_again() {
    let bed = Bed::new();
    bed.scans(&["Resale Cert_Lone Oak_TX.pdf", "scan0019.pdf"]);
    let cache = bed.path("cache");
    let extract = |today: &str, more: &[&str]| {
        let mut command = bed.command();
        command.env("CERTONBOARD_CACHE_DIR", &cache).args(["extract", "scans", "--merchant", MERCHANT, "--today", today]).args(more);
        Ran::from(command.output().unwrap())
    };
    let first = extract(TODAY, &[]);
    assert_eq!(first.out.lines().count(), 2, "{}", first.err);
    let kept: Vec<_> = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 2);
    assert_eq!(extract(TODAY, &[]).out, first.out);
    // What stands in the cache is what is told: nothing was read.
    for path in &kept {
        let text = std::fs::read_to_string(path).unwrap();
        std::fs::write(path, text.replace("Lone Oak", "From Cache")).unwrap();
    }
    let later = extract("2026-11-21", &[]);
    assert!(later.out.contains("From Cache") && !later.out.contains("Lone Oak R"), "{}", later.out);
    // Another merchant's name is another reading, and who wants none gets none.
    assert_eq!(extract(TODAY, &["--no-cache"]).out, first.out);
    let mut other = bed.command();
    other.env("CERTONBOARD_CACHE_DIR", &cache).args(["extract", "scans", "--merchant", "Somebody Else Inc.", "--today", TODAY]);
    assert!(!Ran::from(other.output().unwrap()).out.contains("From Cache"));
    for path in &kept {
        std::fs::write(path, "{\"pages\":1,").unwrap();
    }
    assert_eq!(extract(TODAY, &[]).out, first.out);
}
