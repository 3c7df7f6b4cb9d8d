//! The interactive wizard through a pseudo-terminal: all steps, yes and no branches, Ctrl-C at a question.

use crate::bed::{Bed, MERCHANT, Server, TODAY, sample};
use expectrl::{ControlCode, Eof, Regex, Session, WaitStatus};
use std::process::Stdio;
use std::time::Duration;

/// Which file of the sample data is a paper that is accepted, and reads without OCR.
const PAPER: &str = "Resale Cert_Lone Oak_TX.pdf";

pub struct Wizard {
    pub session: Session,
}

impl Wizard {
    pub fn start(bed: &Bed, server: &Server, args: &[&str]) -> Self {
        let mut command = bed.command_at(server);
        command.env("TERM", "xterm-256color").env("NO_COLOR", "1").args(args).stdin(Stdio::inherit());
        let mut session = Session::spawn(command).unwrap();
        session.set_expect_timeout(Some(Duration::from_secs(120)));
        session.set_window_size(140, 50).unwrap();
        Self { session }
    }

    /// Waits for a text.
    pub fn see(&mut self, text: &str) -> &mut Self {
        if let Err(error) = self.session.expect(text) {
            let mut seen = vec![0; 100_000];
            let n = self.session.try_read(&mut seen).unwrap_or(0);
            panic!("waiting for `{text}`: {error}; unread: {}; {:?}", String::from_utf8_lossy(&seen[..n]), self.session.status());
        }
        self
    }

    pub fn keys(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).unwrap();
        self
    }

    pub fn end(mut self, code: i32) -> String {
        let found = self.session.expect(Eof).unwrap();
        let rest = String::from_utf8_lossy(found.as_bytes()).into_owned();
        match self.session.wait().unwrap() {
            WaitStatus::Exited(_, ended) => assert_eq!(ended, code, "{rest}"),
            other => panic!("{other:?}: {rest}"),
        }
        rest
    }
}

pub const DOWN: &str = "\u{1b}[B";
pub const UP: &str = "\u{1b}[A";

#[test]
fn every_step_with_yes() {
    let bed = Bed::new();
    let server = bed.server(&["--not-provisioned"]);
    let scans = bed.scans(&[PAPER]);
    let recorded = bed.path("recorded.yaml");
    let no_check = bed.no_check();
    let given = ["--today", TODAY, "--record-answers", recorded.to_str().unwrap(), "--answers", &no_check];
    let mut wizard = Wizard::start(&bed, &server, &given);
    wizard.see("[1/8] Connection").see("Connected to");
    wizard.see("Which company").keys("\r");
    wizard.see("has no certificate storage yet").see("Request it?").keys("y");
    wizard.see("Certificate storage is set up").see("exposure zones");
    wizard.see("The merchant's name").keys("\u{15}").keys(MERCHANT).keys("\r");
    wizard.see("customer spreadsheet").keys(sample("customers.xlsx").to_str().unwrap()).keys("\r");
    wizard.see("Are the columns right?").keys("n");
    wizard.see("Which field is in another column?").keys("\r");
    wizard.see("Which column holds").keys("\r");
    wizard.see("Are the columns right?").keys("y");
    wizard.see("How do these customers count?").keys("\r");
    wizard.see("of them exempt").see("By state").see("Data problems");
    wizard.see("[3/8] Sync").see("Recommended: yes").see("customers to").keys("y");
    wizard.see("customers sent");
    wizard.see("[4/8] What next").see("Recommended: Both").see("What should be done").keys("\r");
    wizard.see("Folder with the certificate scans").keys(scans.to_str().unwrap()).keys("\r");
    wizard.see("Ready to create and link");
    wizard.see("no expiration date").keys("\r");
    wizard.see("its customer?").keys("y");
    wizard.see("created and linked");
    wizard.see("How should the invitations go out?").keys(DOWN).keys(DOWN).keys("\r");
    wizard.see("Which cover letter?").keys("\r");
    wizard.see("Which exemption reason").keys("\r");
    wizard.see("as links for you to pass on").keys("y");
    wizard.see("invitations made, with links");
    wizard.see("[8/8] Summary");
    let rest = wizard.end(3);
    assert!(rest.contains("report.html"), "{rest}");

    assert!(!server.customers().is_empty());
    assert_eq!(server.certificates().len(), 1);
    let invitations = server.invitations();
    assert!(!invitations.is_empty());
    assert!(invitations.iter().all(|i| i["deliveryMethod"] == "Download"), "{invitations:?}");

    // What was answered by hand answers the same run again, and that run finds nothing left to do.
    let writes = server.writes();
    let ran = bed.run_at(&server, &["run", "--non-interactive", "--today", TODAY, "--answers", recorded.to_str().unwrap()]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert_eq!(server.writes(), writes, "{}", ran.err);
}

#[test]
fn every_step_with_no() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let scans = bed.scans(&[PAPER]);
    let file = sample("customers.xlsx");
    let no_check = bed.no_check();
    let given = ["run", "--today", TODAY, "--merchant", MERCHANT, "--company", "DEFAULT", "--customers", file.to_str().unwrap()];
    let given = [&given[..], &["--answers", &no_check]].concat();
    let mut wizard = Wizard::start(&bed, &server, &[&given[..], &["--certificates", scans.to_str().unwrap()]].concat());
    wizard.see("Are the columns right?").keys("y");
    wizard.see("How do these customers count?").keys("\r");
    wizard.see("[3/8] Sync").see("customers to").keys("n").see("Declined: nothing was sent");
    wizard.see("What should be done").keys("\r");
    wizard.see("Ready to create and link");
    wizard.see("is not in the service; sync the customers first");
    wizard
        .see("How should the invitations go out?")
        .keys("\r")
        .see("Which cover letter?")
        .keys("\r")
        .see("Which exemption reason")
        .keys("\r");
    wizard.see("Nobody to invite");
    wizard.see("[8/8] Summary");
    wizard.end(4);
    assert_eq!(server.writes(), 0);

    // Yes to the customers, no to certificates and invitations.
    let mut wizard = Wizard::start(&bed, &server, &[&given[..], &["--certificates", scans.to_str().unwrap()]].concat());
    wizard.see("Are the columns right?").keys("y");
    wizard.see("How do these customers count?").keys("\r");
    wizard.see("customers to").keys("y").see("customers sent");
    let after_customers = server.writes();
    wizard.see("What should be done").keys("\r");
    wizard.see("no expiration date").keys("\r");
    wizard.see("its customer?").keys("n").see("Declined");
    wizard
        .see("How should the invitations go out?")
        .keys("\r")
        .see("Which cover letter?")
        .keys("\r")
        .see("Which exemption reason")
        .keys("\r");
    wizard.see("by e-mail, at once").keys("n").see("Declined");
    wizard.end(4);
    assert_eq!(server.writes(), after_customers);
    assert!(server.certificates().is_empty() && server.invitations().is_empty());

    // Neither.
    let mut wizard = Wizard::start(&bed, &server, &given);
    wizard.see("Are the columns right?").keys("y");
    wizard.see("How do these customers count?").keys("\r");
    wizard.see("Nothing to send: every customer is in the service");
    wizard.see("What should be done").keys(DOWN).keys(DOWN).keys(DOWN).keys("\r");
    wizard.see("Not asked for").see("[8/8] Summary");
    wizard.end(3);
}

#[test]
fn ctrl_c_at_a_question_can_be_resumed() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let file = sample("customers.xlsx");
    let given = ["run", "--today", TODAY, "--merchant", MERCHANT, "--company", "DEFAULT", "--customers", file.to_str().unwrap()];
    let mut wizard = Wizard::start(&bed, &server, &given);
    wizard.see("Are the columns right?").keys("y");
    wizard.see("How do these customers count?").keys("\r");
    wizard.see("customers to").keys("y").see("customers sent");
    wizard.see("What should be done").see("Neither");
    wizard.session.send_control(ControlCode::ETX).unwrap();
    let found = wizard.session.expect(Regex("certonboard resume ([^ \r\n]+)")).unwrap();
    let run = String::from_utf8_lossy(found.get(1).unwrap()).into_owned();
    wizard.end(130);
    let writes = server.writes();

    let mut wizard = Wizard::start(&bed, &server, &["resume", &run]);
    wizard.see("Are the columns right? yes (answered before)");
    wizard.see("How do these customers count?").see("(answered before)");
    wizard.see("What should be done").keys(DOWN).keys(DOWN).keys(DOWN).keys("\r");
    wizard.see("[8/8] Summary");
    wizard.end(3);
    assert_eq!(server.writes(), writes, "the sync was done again");
}
