//! A run that is killed at any moment, against a service that fails in every way it can, and resumed until it ends: each object is there exactly
//! once.
//!
//! Few moments here; `make kill-test` runs a hundred.

use crate::bed::{Bed, MERCHANT, Server, TODAY};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

const CUSTOMERS: usize = 200;
const WITH_PAPER: usize = 40;
const INVITED: usize = 60;

/// SplitMix64: the same seed makes the same run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }
}

fn name(n: usize) -> String {
    const FIRST: [&str; 20] = [
        "Amber", "Birch", "Copper", "Dover", "Elm", "Falcon", "Granite", "Harbor", "Indigo", "Juniper", "Kestrel", "Laurel", "Maple",
        "Nimbus", "Orchard", "Pioneer", "Quartz", "Raven", "Summit", "Thistle",
    ];
    const SECOND: [&str; 10] = ["Tools", "Bakery", "Press", "Outfitters", "Ceramics", "Lighting", "Textiles", "Cycles", "Books", "Gardens"];
    format!("{} {} LLC", FIRST[n % 20], SECOND[n / 20])
}

fn street(n: usize) -> String {
    format!("{} {} Street", 1000 + n * 7, ["Oak", "Pine", "Cedar", "Ash", "Walnut"][n % 5])
}

fn zip(n: usize) -> String {
    format!("{}", 78701 + n % 40)
}

fn number(n: usize) -> String {
    format!("3{:010}", 2_004_000_000 + n * 11)
}

fn customers(bed: &Bed) -> PathBuf {
    let mut text = String::from("Customer Code,Name,Address,City,State,Zip,Country,Email,Tax Exempt\n");
    for n in 0..CUSTOMERS {
        let exempt = if n < WITH_PAPER + INVITED { "Y" } else { "N" };
        text.push_str(&format!("K{n:04},{},{},Austin,TX,{},US,ap{n}@example.com,{exempt}\n", name(n), street(n), zip(n)));
    }
    bed.write("customers.csv", &text)
}

/// The Texas resale certificate of a customer, as a PDF with a text layer and a signature that is drawn.
fn paper(n: usize) -> Vec<u8> {
    let mut page = String::new();
    let mut text = |x: f32, y: f32, size: f32, words: &str| {
        let safe = words.replace(['(', ')', '\\'], " ");
        page.push_str(&format!("BT /F1 {size} Tf {x} {y} Td ({safe}) Tj ET\n"));
    };
    text(40.0, 750.0, 8.0, "01-339");
    text(30.0, 720.0, 16.0, "Texas Sales and Use Tax Resale Certificate");
    text(34.0, 702.0, 7.0, "Name of purchaser, firm or agency as shown on permit");
    text(48.0, 689.0, 10.0, &name(n));
    text(34.0, 676.0, 7.0, "Address Street & number, P.O. Box or Route number");
    text(48.0, 663.0, 10.0, &street(n));
    text(34.0, 650.0, 7.0, "City, State, ZIP code");
    text(48.0, 637.0, 10.0, &format!("Austin, TX {}", zip(n)));
    text(34.0, 624.0, 7.0, "Texas Sales and Use Tax Permit Number must contain 11 digits");
    text(48.0, 610.0, 10.0, &number(n));
    text(44.0, 540.0, 9.0, "I, the purchaser named above, claim the right to make a non-taxable purchase for resale of the taxable");
    text(44.0, 528.0, 9.0, "items described below or on the attached order or invoice from:");
    text(44.0, 494.0, 9.0, "Seller:");
    text(84.0, 494.0, 10.0, MERCHANT);
    text(44.0, 466.0, 9.0, "Street address:");
    text(114.0, 466.0, 10.0, "88 Dock Road");
    text(44.0, 438.0, 9.0, "City, State, ZIP code:");
    text(140.0, 438.0, 10.0, "Dayton, OH 45402");
    text(44.0, 400.0, 9.0, "Description of items to be purchased on the attached order or invoice:");
    text(44.0, 385.0, 10.0, "All merchandise");
    text(70.0, 110.0, 7.0, "Purchaser");
    text(285.0, 110.0, 7.0, "Title");
    text(285.0, 94.0, 10.0, "Owner");
    text(478.0, 110.0, 7.0, "Date");
    text(478.0, 94.0, 10.0, "3/14/2026");
    page.push_str("1.4 w 80 90 m 95 110 100 85 110 98 c 120 108 125 84 140 99 c 150 106 160 86 185 101 c S\n");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{page}endstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        places.push(pdf.len());
        pdf.push_str(&format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    let start = pdf.len();
    pdf.push_str("xref\n0 6\n0000000000 65535 f \n");
    places.iter().for_each(|at| pdf.push_str(&format!("{at:010} 00000 n \n")));
    pdf.push_str(&format!("trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"));
    pdf.into_bytes()
}

fn arguments(bed: &Bed) -> Vec<String> {
    let scans = bed.path("scans");
    std::fs::create_dir_all(&scans).unwrap();
    for n in 0..WITH_PAPER {
        std::fs::write(scans.join(format!("paper{n:03}.pdf")), paper(n)).unwrap();
    }
    let (file, no_check) = (customers(bed), bed.no_check());
    let given = [
        "run",
        "--non-interactive",
        "--yes",
        "--quiet",
        "--today",
        TODAY,
        "--merchant",
        MERCHANT,
        "--run-dir",
        "run",
        "--company",
        "DEFAULT",
    ];
    let paths = ["--customers", file.to_str().unwrap(), "--certificates", scans.to_str().unwrap(), "--answers", &no_check];
    given.iter().chain(&paths).map(|s| (*s).to_owned()).collect()
}

fn faults(seed: u64) -> Vec<String> {
    let seed = seed.to_string();
    [
        "--seed",
        &seed,
        "--server-errors",
        "0.03",
        "--rate-limited",
        "0.03",
        "--resets-before",
        "0.04",
        "--resets-after",
        "0.06",
        "--cut-bodies",
        "0.02",
        "--wrong-json",
        "0.02",
        "--slow-bodies",
        "0.02",
        "--slow-ms",
        "5",
        "--stored-but-refused",
        "0.08",
    ]
    .iter()
    .map(|s| (*s).to_owned())
    .collect()
}

/// Each object exactly once, and with whom it belongs.
fn check(server: &Server, told: &str) {
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let mut customers: Vec<String> = server.customers().iter().map(|c| text(&c["customerCode"])).collect();
    customers.sort();
    let expected: Vec<String> = (0..CUSTOMERS).map(|n| format!("K{n:04}")).collect();
    assert_eq!(customers, expected, "{told}: the customers");

    let certificates = server.certificates();
    let mut by_number: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for c in &certificates {
        let linked = c["customers"].as_array().into_iter().flatten().map(|x| text(&x["customerCode"])).collect();
        by_number.entry(text(&c["exemptionNumber"])).or_default().push(linked);
    }
    let expected: BTreeMap<String, Vec<Vec<String>>> = (0..WITH_PAPER).map(|n| (number(n), vec![vec![format!("K{n:04}")]])).collect();
    assert_eq!(by_number, expected, "{told}: the certificates");

    let mut invited: Vec<String> = server.invitations().iter().map(|i| text(&i["customerCode"])).collect();
    invited.sort();
    let expected: Vec<String> = (WITH_PAPER..WITH_PAPER + INVITED).map(|n| format!("K{n:04}")).collect();
    assert_eq!(invited, expected, "{told}: the invitations");
}

/// The same work as a plan in a file; gives the command that carries it out. The service fails while the plan is made, too.
fn plan_first(bed: &Bed, server: &Server, args: &[String], seed: u64) -> Vec<String> {
    let plan: Vec<&str> = args.iter().map(|a| if a == "run" { "plan" } else { a.as_str() }).collect();
    for tried in 0..30 {
        // The folder's name is `run` as well.
        let mut plan = plan.clone();
        let at = plan.iter().position(|a| *a == "--run-dir").unwrap();
        let folder = format!("plan{tried}");
        plan[at + 1] = &folder;
        let ran = bed.run_at(server, &[&plan[..], &["-o", "plan.json"]].concat());
        match ran.code {
            0 | 3 => {
                return ["apply", "plan.json", "--non-interactive", "--yes", "--quiet", "--run-dir", "run"].map(str::to_owned).to_vec();
            }
            1 => {}
            other => panic!("seed {seed}: planning ended with {other}: {}", ran.err),
        }
    }
    panic!("seed {seed}: no plan could be made");
}

/// Runs to the end, killed after so many calls of each process; gives how often it was killed and how often it stopped by itself. Every other
/// seed makes a plan first and has its `apply` killed.
fn kill_and_resume(seed: u64, total: u64) -> (usize, usize) {
    let mut dice = Dice(seed);
    let bed = Bed::new();
    let args = arguments(&bed);
    let more = faults(seed);
    let server = bed.server(&more.iter().map(String::as_str).collect::<Vec<_>>());
    let args = if seed.is_multiple_of(2) { plan_first(&bed, &server, &args, seed) } else { args };
    let (mut kills, mut stops) = (0, 0);
    // One kill at any moment of the whole run, and often another one or two soon after it.
    let mut moments: Vec<u64> = vec![dice.roll(total)];
    (0..dice.roll(3)).for_each(|_| moments.push(dice.roll(total / 4 + 1)));
    let mut resumed = false;
    loop {
        let before = server.calls();
        let mut command = bed.command_at(&server);
        match resumed && bed.path("run/journal.sqlite").exists() {
            true => command.args(["resume", "run", "--non-interactive", "--yes", "--quiet"]),
            // Killed before it had a journal, it is begun anew.
            false => {
                let _ = std::fs::remove_dir_all(bed.path("run"));
                command.args(&args)
            }
        };
        let log = std::fs::File::create(bed.path("log")).unwrap();
        let mut child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let at = (!moments.is_empty()).then(|| moments.remove(0));
        let code = loop {
            if at.is_some_and(|at| server.calls() >= before + at) {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            if let Some(ended) = child.try_wait().unwrap() {
                break ended.code();
            }
            if at.is_none() {
                break child.wait().unwrap().code();
            }
        };
        resumed = true;
        match code {
            None => kills += 1,
            Some(0 | 3) if moments.is_empty() => break,
            Some(0 | 3) => {}
            // The service failed too often for one process: that is what resuming is for.
            Some(1) => stops += 1,
            // Killed in the moment between making the journal and the first entry: nothing was done, so it is begun anew.
            Some(2) if std::fs::read_to_string(bed.path("log")).unwrap_or_default().contains("this run never began") => resumed = false,
            Some(other) => panic!("seed {seed}: ended with {other}: {}", std::fs::read_to_string(bed.path("log")).unwrap_or_default()),
        }
        assert!(stops < 60, "seed {seed}: it never ends: {}", std::fs::read_to_string(bed.path("log")).unwrap_or_default());
    }
    server.no_faults();
    check(&server, &format!("seed {seed}, {kills} kills"));
    // And once more: nothing is left to do.
    let writes = server.writes();
    let again = bed.run_at(&server, &["resume", "run", "--non-interactive", "--yes"]);
    assert!(matches!(again.code, 0 | 3), "seed {seed}: {}", again.err);
    assert_eq!(server.writes(), writes, "seed {seed}: a run that is done wrote again");
    let verified = bed.run(&["status", "run", "--verify"]);
    assert!(verified.out.contains("is unbroken"), "seed {seed}: {}{}", verified.out, verified.err);
    (kills, stops)
}

/// How many calls a run takes that nobody disturbs.
fn undisturbed() -> u64 {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let args = arguments(&bed);
    let ran = bed.run_at(&server, &args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(matches!(ran.code, 0 | 3), "{}", ran.err);
    check(&server, "undisturbed");
    server.calls()
}

/// Several runs at a time: most of each is waiting until the service may be asked again.
const AT_ONCE: usize = 6;

fn killed_at(moments: u64) {
    let total = undisturbed();
    let (next, sums) = (AtomicU64::new(1), Mutex::new((0, 0)));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed > moments {
                        break;
                    }
                    let (kills, stops) = kill_and_resume(seed, total);
                    let mut sums = sums.lock().unwrap();
                    *sums = (sums.0 + kills, sums.1 + stops);
                }
            });
        }
    });
    let (kills, stops) = *sums.lock().unwrap();
    eprintln!(
        "{moments} runs of {total} calls: killed {kills} times, stopped by the service's faults {stops} times, each object once every time"
    );
    assert!(kills >= moments as usize / 2, "hardly a run was killed: {kills}");
}

#[test]
fn killed_at_a_few_moments_each_object_is_there_once() {
    killed_at(3);
}

#[test]
#[ignore = "takes a quarter of an hour; make kill-test"]
fn killed_at_a_hundred_moments_each_object_is_there_once() {
    killed_at(100);
}
