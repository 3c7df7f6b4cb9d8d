//! Reads the `use crate::` lines of the sources and fails on an edge that the design does not allow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Which modules each module may use. One that is not listed may use nothing of ours.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("ports", &["domain"]),
    ("sources", &["domain", "ports"]),
    ("ocr", &["domain", "ports"]),
    ("api", &["domain", "ports"]),
    ("journal", &["domain", "ports"]),
    ("queue", &["domain", "ports"]),
    ("report", &["domain", "ports"]),
    ("review", &["domain", "ports"]),
    ("ui", &["domain", "ports"]),
    ("customers", &["domain"]),
    ("certificates", &["domain"]),
    ("matching", &["domain"]),
    ("plan", &["domain"]),
    ("apply", &["domain", "plan", "ports"]),
    // The answers are typed by the choices that a plan knows.
    ("answers", &["domain", "plan"]),
    // Arguments are parsed to validated types at once.
    ("cli", &["answers", "domain", "lifecycle"]),
    ("wizard", &["apply", "certificates", "customers", "domain", "matching", "plan", "ports"]),
    ("lifecycle", &["apply", "domain", "plan", "ports", "wizard"]),
    ("sandbox", &[]),
    // The edge: maps every module's error to an exit code.
    ("error", &["cli", "journal", "ports", "wizard"]),
];

fn uses(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            // `$crate::` and `some_crate::` are not ours.
            let before = line[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
                continue;
            }
            let module: String = line[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !module.is_empty() {
                found.insert(module);
            } else if line[at + 7..].starts_with('{') {
                panic!("write `use crate::module::…` and not a group after `crate::`, so that this test can read it: {line}");
            }
        }
    }
    found
}

fn sources(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, files),
            false if path.extension().is_some_and(|e| e == "rs") => files.push(path),
            false => {}
        }
    }
}

#[test]
fn modules_use_only_what_the_design_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ALLOWED.iter().map(|(m, uses)| (*m, uses.iter().copied().collect())).collect();
    let mut files = Vec::new();
    sources(&root, &mut files);
    let (mut faults, mut edges) = (Vec::new(), 0);
    for file in files {
        let inner = file.strip_prefix(&root).unwrap();
        let module = inner.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        // The binary builds everything; it names the library by its own name, not by `crate`.
        if ["main", "lib", "commands"].contains(&module.as_str()) {
            continue;
        }
        let Some(may) = allowed.get(module.as_str()) else {
            faults.push(format!("src/{module} is new: say in tests/cli/architecture.rs what it may use"));
            continue;
        };
        for used in uses(&std::fs::read_to_string(&file).unwrap()) {
            edges += 1;
            if used != module && !may.contains(used.as_str()) {
                faults.push(format!("src/{}: {module} must not use {used}", inner.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(edges > 50, "only {edges} uses were found; does this test still read the sources?");
}

#[test]
fn only_the_terminal_side_prints_and_asks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let inner = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        if inner.starts_with("ui/") || inner.starts_with("commands/") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for forbidden in ["println!", "eprintln!", "print!(", "dialoguer::", "indicatif::"] {
            assert!(!text.contains(forbidden), "src/{inner} holds {forbidden}; only ui/ and commands/ may");
        }
    }
}
