//! Reading and understanding a customer list, side by side with bare loops over the same file: `make bench-customers`.
//!
//! Each figure comes from a process of its own, so that peak memory is that process's; the processes take turns, so that a busy machine
//! slows all of them alike. What counts are the ratios of one run.

use calamine::Reader as _;
use certonboard::customers::{Settle, Wish, propose};
use certonboard::domain::Grid;
use certonboard::ports::{Book, RowsEnd, TakeRows, Unreadable};
use certonboard::sources::spreadsheet::{self, OpenOptions};
use certonboard::wizard::{Wanted, read_list};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

const HEADERS: [&str; 12] = [
    "Customer ID",
    "Customer Name",
    "Contact",
    "Email",
    "Phone",
    "Address 1",
    "Address 2",
    "City",
    "State",
    "Zip",
    "Tax Exempt",
    "Resale Number",
];

/// What is measured against what. The first of each group is the measure.
const GROUPS: &[(&str, &[(&str, &str)])] = &[
    (
        "csv",
        &[
            ("csv-loop", "bare loop, `for record in reader.records()`"),
            ("csv-reuse", "bare loop, one record used again"),
            ("csv-keep", "bare loop, records kept"),
            ("counts", "certonboard: counts and problems"),
            ("customers", "certonboard: every customer kept"),
        ],
    ),
    (
        "xlsx",
        &[
            ("xlsx-loop", "bare loop, `worksheet_range` and `rows()`"),
            ("xlsx-cells", "bare loop, cell by cell"),
            ("counts", "certonboard: counts and problems"),
            ("customers", "certonboard: every customer kept"),
        ],
    ),
];

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [mode, file] = args.as_slice()
        && mode.parse::<usize>().is_err()
    {
        return child(mode, Path::new(file));
    }
    let number = |at: usize, default: usize| args.get(at).and_then(|arg| arg.parse().ok()).unwrap_or(default);
    let (rows, runs) = (number(0, 1_000_000), number(1, 5));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    for (kind, modes) in GROUPS {
        let file = folder.join(format!("customers-{rows}.{kind}"));
        if !file.exists() {
            println!("writing {}", file.display());
            if *kind == "csv" { write_csv(&file, rows)? } else { write_xlsx(&file, rows)? }
        }
        let title = format!("{kind}, {rows} rows of {} columns, {} MB, {runs} runs", HEADERS.len(), file.metadata()?.len() >> 20);
        compare(&title, &file, modes, runs)?;
    }
    let small = 100_000.min(rows);
    let file = folder.join(format!("customers-{small}.xlsx"));
    if !file.exists() {
        write_xlsx(&file, small)?;
    }
    match Command::new("python3").args(["-c", "import pandas, openpyxl"]).output() {
        Ok(output) if output.status.success() => {
            let modes = [("pandas", "pandas with openpyxl, `read_excel`"), ("counts", "certonboard: counts and problems")];
            compare(&format!("xlsx, {small} rows, against pandas, {} runs", runs.min(3)), &file, &modes, runs.min(3))?;
        }
        _ => println!("\npandas with openpyxl is not installed, so that pair is left out (pip install pandas openpyxl)"),
    }
    Ok(())
}

fn compare(title: &str, file: &Path, modes: &[(&str, &str)], runs: usize) -> Outcome<()> {
    let mut figures: Vec<Vec<(Duration, u64)>> = vec![Vec::new(); modes.len()];
    for _ in 0..runs {
        for ((mode, _), figures) in modes.iter().zip(&mut figures) {
            figures.push(measured(mode, file)?);
        }
    }
    let median = |figures: &[(Duration, u64)]| -> (f64, f64, f64) {
        let mut times: Vec<f64> = figures.iter().map(|(time, _)| time.as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        let peak = figures.iter().map(|(_, peak)| *peak).max().unwrap_or_default() as f64 / 1024.0;
        (times.get(times.len() / 2).copied().unwrap_or_default(), times.first().copied().unwrap_or_default(), peak)
    };
    let first = figures.first().map(|figures| median(figures)).unwrap_or_default();
    let mut table = format!("\n{title}\n\n| what | median s | least s | time | peak MB | memory |\n|---|---|---|---|---|---|\n");
    for ((_, what), figures) in modes.iter().zip(&figures) {
        let (time, least, peak) = median(figures);
        writeln!(table, "| {what} | {time:.2} | {least:.2} | {:.2}x | {peak:.0} | {:.2}x |", time / first.0, peak / first.2)?;
    }
    println!("{table}");
    Ok(())
}

/// Time and peak memory in kB of one process.
fn measured(mode: &str, file: &Path) -> Outcome<(Duration, u64)> {
    let start = Instant::now();
    let output = match mode {
        "pandas" => {
            let script = "import pandas, resource, sys\n\
                frame = pandas.read_excel(sys.argv[1], engine='openpyxl', dtype=str)\n\
                assert len(frame) > 0\n\
                print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)";
            Command::new("python3").arg("-c").arg(script).arg(file).output()?
        }
        _ => Command::new(std::env::current_exe()?).arg(mode).arg(file).output()?,
    };
    let time = start.elapsed();
    if !output.status.success() {
        return Err(format!("{mode}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok((time, text.lines().last().and_then(|line| line.trim().parse().ok()).unwrap_or_default()))
}

/// One way of reading the file, in this process; prints the peak memory in kB.
fn child(mode: &str, file: &Path) -> Outcome<()> {
    let seen = match mode {
        "csv-loop" => {
            let mut cells = 0;
            for record in csv::Reader::from_path(file)?.records() {
                cells += record?.len();
            }
            cells
        }
        "csv-reuse" => {
            let (mut reader, mut record, mut cells) = (csv::Reader::from_path(file)?, csv::StringRecord::new(), 0);
            while reader.read_record(&mut record)? {
                cells += record.len();
            }
            cells
        }
        "csv-keep" => csv::Reader::from_path(file)?.records().collect::<Result<Vec<_>, _>>()?.len(),
        "xlsx-loop" => {
            let mut book: calamine::Xlsx<_> = calamine::open_workbook(file)?;
            let sheet = book.sheet_names().first().cloned().unwrap_or_default();
            let range = book.worksheet_range(&sheet)?;
            range.rows().map(|row| row.iter().filter(|cell| **cell != calamine::Data::Empty).count()).sum()
        }
        "xlsx-cells" => {
            let mut book: calamine::Xlsx<_> = calamine::open_workbook(file)?;
            let sheet = book.sheet_names().first().cloned().unwrap_or_default();
            let (mut reader, mut cells) = (book.worksheet_cells_reader(&sheet)?, 0);
            while reader.next_cell()?.is_some() {
                cells += 1;
            }
            cells
        }
        "counts" | "customers" => {
            let wanted = if mode == "counts" { Wanted::Counts } else { Wanted::Customers };
            let mut book = Opened(spreadsheet::Book::open(file, &OpenOptions::default())?);
            let heads = book.heads()?;
            let layout = propose(&heads, &Wish::default())?;
            let jobs = std::thread::available_parallelism().map_or(1, usize::from);
            let list = read_list(&mut book, &heads, &layout, &Settle::default(), wanted, jobs)?;
            list.summary.total
        }
        other => return Err(format!("no such way of reading: {other}").into()),
    };
    assert!(seen > 0);
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or("0", |peak| peak.trim().trim_end_matches(" kB"));
    println!("{peak}");
    Ok(())
}

struct Opened(spreadsheet::Book);

impl Book for Opened {
    fn heads(&mut self) -> Result<Vec<Grid>, Unreadable> {
        self.0.heads(spreadsheet::HEAD_ROWS).map_err(|e| Unreadable { reason: e.to_string() })
    }

    fn rows(&mut self, sheet: &str, take: &mut TakeRows<'_>) -> Result<RowsEnd, Unreadable> {
        match self.0.rows(sheet, take).map_err(|e| Unreadable { reason: e.to_string() })? {
            spreadsheet::Rows::All => Ok(RowsEnd::All),
            spreadsheet::Rows::Stopped => Ok(RowsEnd::Stopped),
            spreadsheet::Rows::Again => Ok(RowsEnd::Again),
        }
    }
}

/// Made-up customers, the same for the same row.
fn customer(row: usize) -> [String; 12] {
    const FIRST: [&str; 10] = ["Harbor", "Summit", "Cedar", "Granite", "Prairie", "Lakeside", "Copper", "Juniper", "Falcon", "Beacon"];
    const SECOND: [&str; 10] = ["Dental", "Supply", "Hardware", "Foods", "Medical", "Office", "Garden", "Marine", "Auto", "Electric"];
    const FORM: [&str; 4] = ["Inc.", "LLC", "Co.", "Ltd"];
    const STREETS: [&str; 8] = ["Mill Rd", "Oak Ave", "Elm St", "Main St", "Park Blvd", "Lake Dr", "Hill Ln", "River Way"];
    const PLACES: [(&str, &str, &str); 8] = [
        ("Dayton", "OH", "454"),
        ("Reno", "NV", "895"),
        ("Fresno", "CA", "937"),
        ("Newark", "NJ", "071"),
        ("Boston", "MA", "021"),
        ("Austin", "TX", "787"),
        ("Miami", "FL", "331"),
        ("Denver", "CO", "802"),
    ];
    // A fixed mixing of the row's number: the same file every time, without a pattern that a processor could learn.
    let mut state = (row as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = |most: usize| {
        state ^= state >> 29;
        state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 32;
        (state % most as u64) as usize
    };
    let (first, second, form) = (FIRST[next(10)], SECOND[next(10)], FORM[next(4)]);
    let (city, state_code, prefix) = PLACES[next(8)];
    let exempt = next(10) < 3;
    [
        format!("C{:07}", row + 1),
        format!("{first} {second} {} {form}", row / 7),
        format!("Pat {first}"),
        format!("ap{row}@{}.example", second.to_lowercase()),
        format!("({}) 555-{:04}", 200 + next(700), next(10_000)),
        format!("{} {}", 1 + next(9998), STREETS[next(8)]),
        if next(5) == 0 { format!("Suite {}", 1 + next(400)) } else { String::new() },
        city.to_owned(),
        state_code.to_owned(),
        format!("{prefix}{:02}", 1 + next(98)),
        if exempt { "Y" } else { "N" }.to_owned(),
        if exempt { format!("{:011}", 10_000_000_000u64 + next(89_999_999) as u64) } else { String::new() },
    ]
}

fn write_csv(file: &Path, rows: usize) -> Outcome<()> {
    let mut writer = csv::Writer::from_path(file)?;
    writer.write_record(HEADERS)?;
    for row in 0..rows {
        writer.write_record(customer(row))?;
    }
    Ok(writer.flush()?)
}

fn write_xlsx(file: &Path, rows: usize) -> Outcome<()> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("Customers")?;
    let cells = std::iter::once(HEADERS.map(str::to_owned)).chain((0..rows).map(customer));
    for (row, cells) in (0u32..).zip(cells) {
        for (column, cell) in (0u16..).zip(cells) {
            if !cell.is_empty() {
                sheet.write_string(row, column, cell)?;
            }
        }
    }
    Ok(book.save(file)?)
}
