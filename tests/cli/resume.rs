//! Runs that are killed in the middle and resumed end as if nothing had happened.

use crate::bed::{Bed, MERCHANT, Server, TODAY, sample};
use std::process::{Child, Stdio};

/// Papers with a text layer, so that each run takes moments.
const PAPERS: [&str; 1] = ["Resale Cert_Lone Oak_TX.pdf"];

fn arguments(bed: &Bed) -> Vec<String> {
    let scans = bed.scans(&PAPERS);
    let file = sample("customers.xlsx");
    ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "run"]
        .iter()
        .map(|s| (*s).to_owned())
        .chain(["--customers".into(), file.to_str().unwrap().into(), "--certificates".into(), scans.to_str().unwrap().into()])
        .chain(["--answers".into(), bed.no_check()])
        .collect()
}

fn start(bed: &Bed, server: &Server, args: &[String]) -> Child {
    bed.command_at(server).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills the run as soon as the service has seen so many writes; `false` when the run was over before.
fn kill_after(bed: &Bed, server: &Server, args: &[String], writes: u64) -> bool {
    let mut child = start(bed, server, args);
    loop {
        if server.writes() >= writes {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
    }
}

#[test]
fn a_killed_run_resumes_to_the_same_end() {
    let whole = Bed::new();
    let reference = whole.server(&[]);
    let ran = whole.run_at(&reference, &arguments(&whole).iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(ran.code, 3, "{}", ran.err);
    let (expected, all) = (reference.state(), reference.writes());
    assert!(all > 5, "only {all} writes");

    // After the customers' first call, at the certificate, among the invitations, near the end.
    for at in [1, 2, 3, all / 2, all - 1] {
        let bed = Bed::new();
        let server = bed.server(&[]);
        let args = arguments(&bed);
        assert!(kill_after(&bed, &server, &args, at), "the run was over before it was killed at write {at}");
        let resumed = bed.run_at(&server, &["resume", "run", "--non-interactive", "--yes"]);
        assert_eq!(resumed.code, 3, "killed at {at}: {}", resumed.err);
        assert_eq!(server.state(), expected, "killed at write {at}");
    }
}

#[test]
fn a_second_process_on_the_same_run_is_refused() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let args = arguments(&bed);
    let mut child = start(&bed, &server, &args);
    while !bed.path("run/journal.sqlite").exists() {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it had a journal");
    }
    let second = bed.run_at(&server, &["resume", "run", "--non-interactive", "--yes"]);
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(second.code, 2, "{}", second.err);
    assert!(second.error_line().contains("another certonboard is working on this run"), "{}", second.err);
}

#[test]
fn a_run_that_is_not_there_is_named_with_those_that_are() {
    let bed = Bed::new();
    let ran = bed.run(&["resume", "yesterday"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.error_line().contains("yesterday"), "{}", ran.err);
}

#[test]
fn a_new_run_does_not_overwrite_an_old_one() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let args = arguments(&bed);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    assert_eq!(bed.run_at(&server, &args).code, 3);
    let ran = bed.run_at(&server, &args);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.error_line().contains("certonboard resume"), "{}", ran.err);
}

#[test]
fn a_run_is_not_resumed_against_another_service() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let args = arguments(&bed);
    assert!(kill_after(&bed, &server, &args, 1));
    // The same account and company, elsewhere.
    let other = Bed::new();
    let elsewhere = other.server(&[]);
    let answers = bed.write("elsewhere.yaml", &format!("service:\n  base_url: {}\n", elsewhere.url));
    let ran = bed.run_at(&elsewhere, &["resume", "run", "--non-interactive", "--yes", "--answers", answers.to_str().unwrap()]);
    assert_ne!(ran.code, 0, "{}", ran.err);
    assert!(ran.error_line().contains("belongs to another service"), "{}", ran.err);
    assert_eq!(elsewhere.writes(), 0);
}

#[test]
fn a_dry_run_is_not_resumed() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let args: Vec<String> = arguments(&bed).into_iter().chain(["--dry-run".to_owned()]).collect();
    assert_eq!(bed.run_at(&server, &args.iter().map(String::as_str).collect::<Vec<_>>()).code, 3);
    let ran = bed.run_at(&server, &["resume", "run", "--non-interactive", "--yes"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.error_line().contains("dry run"), "{}", ran.err);
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    std::fs::create_dir(bed.path("run")).unwrap();
    std::fs::write(bed.path("run/letter.txt"), "mine").unwrap();
    let args = arguments(&bed);
    let ran = bed.run_at(&server, &args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.error_line().contains("--run-dir"), "{}", ran.err);
    assert_eq!(std::fs::read_dir(bed.path("run")).unwrap().count(), 1);
}
