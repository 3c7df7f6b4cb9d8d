//! Customer exports as systems and people really lay them out, with made-up rows: which columns must be taken, who is exempt, and what must be
//! asked. The samples lie below as text: `==` names one, then come its lines, then what must be found.
//!
//! `?map` target=header pairs that must be taken (`-` for the header: the target must not be taken); `?all` and `?exempt` the customers' codes;
//! `?asked` the targets that must be asked, which are none where the line is missing. `⏎` in a cell is a line break.

use certonboard::customers::{CustomerList, CustomersError, Layout, Settle, Target, Wish, propose, read};
use certonboard::domain::Grid;
use certonboard::sources::spreadsheet::{self, OpenOptions};

const SHOPS: &str = include_str!("exports/shops.txt");
const ACCOUNTS: &str = include_str!("exports/accounts.txt");
const ERPS: &str = include_str!("exports/erps.txt");
const LISTS: &str = include_str!("exports/lists.txt");

#[derive(Default)]
struct Sample<'t> {
    name: &'t str,
    text: String,
    map: Vec<(Target, &'t str)>,
    all: Option<Vec<&'t str>>,
    exempt: Option<Vec<&'t str>>,
    asked: Vec<Target>,
}

fn split(line: &str) -> Vec<&str> {
    line.split('|').map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn samples(text: &str) -> Vec<Sample<'_>> {
    let mut found: Vec<Sample> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            found.push(Sample { name, ..Sample::default() });
            continue;
        }
        let Some(sample) = found.last_mut() else { continue };
        if let Some(map) = line.strip_prefix("?map ") {
            for pair in split(map) {
                let (target, header) = pair.split_once('=').unwrap();
                sample.map.push((target.parse().unwrap(), header));
            }
        } else if let Some(codes) = line.strip_prefix("?all") {
            sample.all = Some(split(codes));
        } else if let Some(codes) = line.strip_prefix("?exempt") {
            sample.exempt = Some(split(codes));
        } else if let Some(targets) = line.strip_prefix("?asked") {
            sample.asked = split(targets).iter().map(|target| target.parse().unwrap()).collect();
        } else if !line.trim().is_empty() {
            sample.text += &line.replace('⏎', "\n");
            sample.text.push('\n');
        }
    }
    found
}

fn load(sample: &Sample) -> Result<(Layout, CustomerList), CustomersError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    std::fs::write(&path, &sample.text).unwrap();
    let grids = spreadsheet::read(&path, &OpenOptions::default()).unwrap();
    let layout = propose(&grids, &Wish::default())?;
    let list = read(&grids, &layout, &Settle::default());
    Ok((layout, list))
}

fn check(text: &str) {
    let samples = samples(text);
    assert!(!samples.is_empty());
    let mut wrong = Vec::new();
    for sample in &samples {
        let (layout, list) = match load(sample) {
            Ok(found) => found,
            Err(error) => {
                wrong.push(format!("{}: {error}", sample.name));
                continue;
            }
        };
        let mut faults = Vec::new();
        for (target, header) in &sample.map {
            match layout.mapping.get(*target).map(|column| column.header.as_str()) {
                found if found == Some(*header) || (found.is_none() && *header == "-") => {}
                found => faults.push(format!("{target} is {found:?}, not {header}")),
            }
        }
        let codes: Vec<&str> = list.customers.iter().map(|customer| customer.code.as_str()).collect();
        if sample.all.as_ref().is_some_and(|all| *all != codes) {
            faults.push(format!("the customers are {codes:?}"));
        }
        let exempt: Vec<&str> = list.customers.iter().filter(|c| c.is_exempt()).map(|c| c.code.as_str()).collect();
        if sample.exempt.as_ref().is_some_and(|wanted| *wanted != exempt) {
            faults.push(format!("exempt are {exempt:?}"));
        }
        let asked: Vec<Target> = layout.ambiguous.iter().map(|ambiguity| ambiguity.target).collect();
        if asked != sample.asked {
            let whys: Vec<String> = layout
                .ambiguous
                .iter()
                .map(|a| format!("{} ({}): {:?}", a.target, a.why, a.candidates.iter().map(|c| &c.header).collect::<Vec<_>>()))
                .collect();
            faults.push(format!("asked {whys:?}"));
        }
        if !faults.is_empty() {
            let columns: Vec<String> = layout.mapping.columns.iter().map(|(t, c)| format!("{t}={}", c.header)).collect();
            let mut issues: Vec<String> = list.issues.iter().map(|issue| issue.message.clone()).collect();
            issues.dedup();
            wrong.push(format!(
                "{} [{:?}]\n    {}\n  have {}\n  unmapped {:?}\n  issues {:?}",
                sample.name,
                layout.system,
                faults.join("\n    "),
                columns.join(", "),
                layout.unmapped,
                issues
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong\n{}", wrong.len(), samples.len(), wrong.join("\n"));
}

#[test]
fn shops_are_understood() {
    check(SHOPS);
}

#[test]
fn accounting_systems_are_understood() {
    check(ACCOUNTS);
}

#[test]
fn erp_systems_are_understood() {
    check(ERPS);
}

#[test]
fn lists_kept_by_hand_are_understood() {
    check(LISTS);
}

/// A sheet as wide as Excel's widest, its headers made of the words that cost most.
fn wide(rows: u32, header: impl Fn(usize) -> String) -> Grid {
    const COLUMNS: usize = 16_384;
    let mut grid = Grid::new("Sheet1");
    grid.start_row(1);
    for column in 0..COLUMNS {
        grid.push_text(&header(column));
    }
    let values =
        ["Y", "12 Mill Rd", "Dayton, OH 45402", "OH", "45402", "a@ames.example", "1/2/2024", "", "Exempt - resale", "937-555-0101"];
    for row in 0..rows {
        grid.start_row(row + 2);
        for column in 0..COLUMNS {
            grid.push_text(values.get((column + row as usize) % values.len()).unwrap());
        }
    }
    grid
}

#[test]
fn the_widest_sheets_are_proposed() {
    let heads = ["Ship To City", "Customer ID", "Tax Exempt", "CUSTOMERNUMBEROFTHEACCOUNTX", "Bill To Address", "Resale Number", "Zip"];
    for grid in [wide(20, |column| heads.get(column % heads.len()).unwrap().to_string()), wide(20, |column| format!("Extra {column}"))] {
        let grids = [grid];
        if let Ok(layout) = propose(&grids, &Wish::default()) {
            assert!(layout.ambiguous.iter().all(|ambiguity| ambiguity.candidates.len() < 20));
        }
    }
}

#[test]
#[ignore = "needs a gigabyte; run it on its own"]
fn measure_the_widest_sheet() {
    let heads = ["Ship To City", "Customer ID", "Tax Exempt", "CUSTOMERNUMBEROFTHEACCOUNTX", "Bill To Address", "Resale Number", "Zip"];
    let headers: [&dyn Fn(usize) -> String; 2] =
        [&|column| heads.get(column % heads.len()).unwrap().to_string(), &|column| format!("Extra certificate {column}")];
    for header in headers {
        let grids = [wide(1000, header)];
        let start = std::time::Instant::now();
        let found = propose(&grids, &Wish::default());
        println!("16384 columns, 1000 rows: {:?}, found {}", start.elapsed(), found.is_ok());
    }
}
