//! Bad input: one clear line that names the file and what to do, exit code 2 (5 for credentials), and nothing written.

use crate::bed::{Bed, MERCHANT, Ran, Server, TODAY, sample};
use std::path::Path;

const YES: [&str; 5] = ["run", "--non-interactive", "--yes", "--today", TODAY];

fn run(bed: &Bed, server: &Server, customers: &Path, more: &[&str]) -> Ran {
    let file = customers.to_str().unwrap();
    let args: Vec<&str> = YES.iter().copied().chain(["--merchant", MERCHANT, "--customers", file]).chain(more.iter().copied()).collect();
    bed.run_at(server, &args)
}

/// The run ends with `code`, one line that names `naming`, and nothing in the service or on disk.
fn refused(bed: &Bed, server: &Server, ran: &Ran, code: i32, naming: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.err);
    for part in naming {
        assert!(ran.error_line().contains(part), "`{part}` is not in: {}", ran.error_line());
    }
    assert_eq!(ran.err.lines().filter(|l| l.starts_with("error: ")).count(), 1);
    assert_eq!(server.writes(), 0);
    assert!(!bed.path("certonboard-runs").exists(), "a run that never began left a folder");
}

#[test]
fn a_spreadsheet_that_is_none_or_holds_no_customers() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let scans = bed.scans(&[]);
    let at = ["--certificates", scans.to_str().unwrap()];
    let cases = [
        ("prices.csv", "Item,Price,Stock\nbolt,1.20,7\nnut,0.80,9\n"),
        ("empty.csv", ""),
        ("picture.xlsx", "\u{89}PNG\r\n\u{1a}\n this is no spreadsheet"),
    ];
    for (name, text) in cases {
        let file = bed.write(name, text);
        let ran = run(&bed, &server, &file, &at);
        refused(&bed, &server, &ran, 2, &[name]);
    }
    let ran = run(&bed, &server, &bed.path("nowhere.xlsx"), &at);
    refused(&bed, &server, &ran, 2, &["nowhere.xlsx"]);
}

#[test]
fn a_folder_that_is_not_there() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let ran = run(&bed, &server, &sample("customers.xlsx"), &["--certificates", "no-such-folder"]);
    refused(&bed, &server, &ran, 2, &["no-such-folder", "--certificates"]);
}

#[test]
fn an_answers_file_with_an_unknown_key_names_the_nearest_one() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let answers = bed.write("answers.yaml", "merchant: Blue Heron\ninvitations:\n  delivry: Email\n  widow_days: 3\n");
    let ran = run(&bed, &server, &sample("customers.xlsx"), &["--answers", answers.to_str().unwrap()]);
    refused(&bed, &server, &ran, 2, &["answers.yaml", "`invitations.delivry`", "`invitations.delivery`", "`invitations.window_days`"]);
}

#[test]
fn a_question_that_nobody_answers_is_named_with_meaning_and_example() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let file = sample("customers.xlsx");
    let answers = bed.write("answers.yaml", "customers: { columns_ok: true }\naction: neither\n");
    let args = ["run", "--non-interactive", "--customers", file.to_str().unwrap(), "--answers", answers.to_str().unwrap()];
    let ran = bed.run_at(&server, &args);
    refused(&bed, &server, &ran, 2, &["`sync.confirm`", "send the customers"]);
    assert!(ran.err.contains("sync: { confirm: true }"), "{}", ran.err);
}

#[test]
fn wrong_credentials_are_refused_by_the_service() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let file = sample("customers.xlsx");
    let scans = bed.scans(&[]);
    let mut command = bed.command_at(&server);
    command.env("AVATAX_LICENSE_KEY", "not-the-key-4711").args(YES);
    let output = command.args(["--customers", file.to_str().unwrap(), "--certificates", scans.to_str().unwrap()]).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{err}");
    assert!(err.contains("AVATAX_LICENSE_KEY"), "{err}");
    assert!(!err.contains("not-the-key-4711"), "the key stands in the error");
    assert_eq!(server.writes(), 0);
}

#[test]
fn no_credentials_at_all() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let file = sample("customers.xlsx");
    let scans = bed.scans(&[]);
    let mut command = bed.command();
    command.env("AVATAX_BASE_URL", &server.url).args(YES);
    let output = command.args(["--customers", file.to_str().unwrap(), "--certificates", scans.to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).contains("AVATAX_ACCOUNT_ID"));
}

#[test]
fn a_service_that_can_not_be_reached_is_named() {
    let bed = Bed::new();
    let file = sample("customers.xlsx");
    let scans = bed.scans(&[]);
    // Port 1 is never listened on.
    let mut command = bed.command();
    command.env("AVATAX_BASE_URL", "http://127.0.0.1:1").env("AVATAX_ACCOUNT_ID", "1").env("AVATAX_LICENSE_KEY", "k").args(YES);
    let output = command.args(["--customers", file.to_str().unwrap(), "--certificates", scans.to_str().unwrap()]).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("127.0.0.1:1"), "{err}");
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let bed = Bed::new();
    let file = sample("customers.xlsx");
    let scans = bed.scans(&[]);
    let mut command = bed.command();
    command.env("AVATAX_BASE_URL", "http://rest.avatax.example").env("AVATAX_ACCOUNT_ID", "1").env("AVATAX_LICENSE_KEY", "k").args(YES);
    let output = command.args(["--customers", file.to_str().unwrap(), "--certificates", scans.to_str().unwrap()]).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("https"), "{err}");
}
