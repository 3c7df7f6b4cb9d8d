//! Spreadsheets that each format's usual writers really wrote, and files that mean harm. All names and numbers are made up.

#[path = "spreadsheets/hostile.rs"]
mod hostile;

use calamine::{Data, Reader};
use certonboard::customers::{CustomerList, Settle, Wish, propose, read};
use certonboard::domain::{Cell, Grid};
use certonboard::sources::spreadsheet::{self, OpenOptions, SpreadsheetError};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/spreadsheets")
}

/// The fixtures whose name begins so, by name.
fn fixtures(begin: &str) -> Vec<String> {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(begin) && name != "list.json").collect();
    names.sort();
    names
}

/// What every file was made from.
fn truth() -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join("list.json")).unwrap()).unwrap()
}

fn grids(name: &str) -> Vec<Grid> {
    spreadsheet::read(&folder().join(name), &OpenOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn customers(grids: &[Grid]) -> CustomerList {
    let layout = propose(grids, &Wish::default()).unwrap();
    read(grids, &layout, &Settle::default())
}

/// How a file shows a text of the list: old character sets have no emoji, and SheetJS without its code pages writes Excel 5 in ASCII.
fn in_file(name: &str, text: &str) -> String {
    match name {
        "list-libreoffice-1252.csv" | "list-report-shape.xls" => text.replace('🐾', "?"),
        "list-sheetjs-biff5.xls" => text.encode_utf16().map(|unit| if unit < 128 { unit as u8 as char } else { '_' }).collect(),
        _ => text.to_owned(),
    }
}

/// Gnumeric leaves something of its own for the emoji that Excel 5 does not know; what stands around it counts.
fn same_but_for_emoji(shown: &str, wanted: &str) -> bool {
    let (before, after) = wanted.split_once('🐾').unwrap_or((wanted, ""));
    shown.starts_with(before) && shown.ends_with(after)
}

#[test]
fn there_is_a_file_of_every_format_and_writer() {
    let names = fixtures("list-");
    for ending in [".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv"] {
        assert!(names.iter().any(|name| name.ends_with(ending)), "{ending}");
    }
    for writer in ["libreoffice", "gnumeric", "sheetjs", "openpyxl", "pandas", "xlwt", "odfpy", "perl", "poi"] {
        assert!(names.iter().any(|name| name.contains(writer)), "{writer}");
    }
}

#[test]
fn every_writers_file_of_one_list_gives_the_same_customers() {
    let truth = truth();
    for name in fixtures("list-") {
        let grids = grids(&name);
        let list = customers(&grids);
        let first = match name.as_str() {
            // A web page's rows are counted in their table, which has no line about the date.
            "list-web-erp-shape.xls" => 3,
            _ => 5,
        };
        assert_eq!(list.layout.header_row, first - 1, "{name}");
        let sheet = &list.layout.sheet;
        let one_sheet = name.ends_with("sv") || name.contains("html") || name.contains("shape") || name.contains("text");
        assert!(sheet == "Customers" || one_sheet, "{name}: sheet {sheet}");
        let rows = truth["rows"].as_array().unwrap();
        let active: Vec<&Value> = rows.iter().filter(|row| row[12] == "Active").collect();
        assert_eq!(list.summary.inactive, 1, "{name}");
        assert_eq!(list.summary.not_customers, 1, "{name}: the total line");
        assert_eq!(list.customers.len(), active.len(), "{name}: {:?}", list.rejected);
        for (customer, row) in list.customers.iter().zip(active) {
            let text = |column: usize| in_file(&name, row[column].as_str().unwrap());
            assert_eq!(customer.code.as_str(), text(0), "{name}");
            match name == "list-gnumeric-biff7.xls" {
                true => assert!(same_but_for_emoji(&customer.name, &text(1)), "{name}: {}", customer.name),
                false => assert_eq!(customer.name, text(1), "{name}"),
            }
            let address = &customer.address;
            assert_eq!(address.line1, text(2), "{name}");
            assert_eq!(address.city, text(3), "{name}");
            assert_eq!(address.region.as_ref().map(|region| region.code().to_owned()), Some(text(4)), "{name}");
            assert_eq!(address.postal_code, text(5), "{name}");
            assert_eq!(customer.contact.email.as_deref(), Some(text(6).as_str()), "{name}");
            assert_eq!(customer.is_exempt(), row[10].as_bool().unwrap(), "{name}: {}", customer.code.as_str());
            let at = rows.iter().position(|other| other == row).unwrap() as u32;
            assert_eq!(customer.row, first + at, "{name}");
        }
    }
}

/// The value that a column of the list has in a row of the file.
fn stored<'g>(grid: &'g Grid, row: u32, column: usize) -> Cell<'g> {
    grid.rows().find(|found| found.number() == row).map(|found| found.get(column)).unwrap_or_default()
}

#[test]
fn dates_numbers_booleans_and_results_come_out_as_what_they_are() {
    let truth = truth();
    let typed = fixtures("list-").into_iter().filter(|name| {
        let text = ["html", "web-erp", "report", "text", ".csv", ".tsv"];
        !text.iter().any(|mark| name.contains(mark))
    });
    for name in typed {
        let grids = grids(&name);
        let grid = grids.iter().find(|grid| grid.sheet == "Customers").unwrap();
        // Written without results.
        let no_results = ["list-openpyxl.xlsx", "list-xlwt.xls"].contains(&name.as_str());
        for (row, wanted) in (5u32..).zip(truth["rows"].as_array().unwrap()) {
            match stored(grid, row, 7) {
                // SheetJS writes no number formats into ods, so nothing in the file says that this is a date.
                Cell::Number(_) if name == "list-sheetjs.ods" => {}
                found => assert_eq!(found, Cell::Date(wanted[7].as_str().unwrap()), "{name} row {row}"),
            }
            let number = |column: usize| wanted[column].as_f64().unwrap().to_string();
            assert_eq!(stored(grid, row, 8), Cell::Number(&number(8)), "{name} row {row}");
            match stored(grid, row, 9) {
                Cell::Number(found) if !no_results => assert_eq!(found, number(9), "{name} row {row}"),
                Cell::Empty | Cell::Number("0") if no_results => {}
                other => panic!("{name} row {row}: {other:?}"),
            }
            match stored(grid, row, 10) {
                Cell::Bool(found) => assert_eq!(found, wanted[10].as_bool().unwrap(), "{name} row {row}"),
                // Spreadsheet::WriteExcel knows no booleans.
                Cell::Text(found) if name == "list-perl.xls" => assert_eq!(found == "TRUE", wanted[10].as_bool().unwrap()),
                other => panic!("{name} row {row}: {other:?}"),
            }
        }
        let notes = grids.iter().find(|grid| grid.sheet == "Notes").unwrap_or_else(|| panic!("{name} has no second sheet"));
        assert_eq!(notes.row(0).unwrap().get(0).text(), "Notes for the tax team", "{name}");
    }
}

#[test]
fn a_code_stored_as_a_number_is_its_digits_and_a_zip_shown_with_zeros_keeps_them() {
    let truth = truth();
    for name in fixtures("numeric-") {
        let grids = grids(&name);
        let list = customers(&grids);
        let rows = truth["numeric"]["rows"].as_array().unwrap();
        let codes: Vec<&str> = list.customers.iter().map(|customer| customer.code.as_str()).collect();
        assert_eq!(codes, ["10233", "10234", "10235", "20000001"], "{name}");
        let zips: Vec<&str> = list.customers.iter().map(|customer| customer.address.postal_code.as_str()).collect();
        assert_eq!(zips, ["28801", "04101", "07102", "46402"], "{name}");
        let exempt: Vec<bool> = list.customers.iter().map(|customer| customer.is_exempt()).collect();
        assert_eq!(exempt, [true, true, false, false], "{name}");
        for (row, wanted) in (2u32..).zip(rows) {
            assert_eq!(stored(&grids[0], row, 0), Cell::Number(&wanted[0].to_string()), "{name}");
            let zip = format!("{:05}", wanted[5].as_u64().unwrap());
            // SheetJS writes no number formats into ods; there the zeros are put back by what is known of ZIP codes.
            if name != "numeric-sheetjs.ods" {
                let found = stored(&grids[0], row, 5);
                assert_eq!(found.text(), zip, "{name}");
                assert!(!zip.starts_with('0') || matches!(found, Cell::Text(_)), "{name}");
            }
        }
    }
}

/// Row (from 1), column (from 0) and text of the cells that say anything.
type Filled = Vec<(u32, usize, String)>;

fn filled(grid: &Grid) -> Filled {
    let cells = grid.rows().flat_map(|row| (0..row.len()).map(move |column| (row.number(), column, row.get(column).text().to_owned())));
    cells.filter(|(_, _, text)| !text.trim().is_empty()).collect()
}

/// Cell by cell what calamine reads too; it was written by others, who tried it on other files.
fn by_calamine<R: std::io::Read + std::io::Seek, B: Reader<R>>(mut book: B) -> Vec<(String, Filled)>
where
    B::Error: std::fmt::Debug,
{
    let names = book.sheet_names();
    names
        .into_iter()
        .map(|name| {
            let range = book.worksheet_range(&name).unwrap();
            let (row0, column0) = range.start().unwrap_or_default();
            let text = |data: &Data| match data {
                Data::Bool(yes) => {
                    if *yes {
                        "TRUE".to_owned()
                    } else {
                        "FALSE".to_owned()
                    }
                }
                Data::DateTime(date) => {
                    let (year, month, day, ..) = date.to_ymd_hms_milli();
                    format!("{year:04}-{month:02}-{day:02}")
                }
                other => other.to_string(),
            };
            let cells = range.used_cells().map(|(row, column, data)| (row0 + row as u32 + 1, column0 as usize + column, text(data)));
            (name, cells.filter(|(_, _, text)| !text.trim().is_empty()).collect())
        })
        .collect()
}

#[test]
fn our_own_readers_of_xls_and_ods_agree_with_calamine() {
    let mut compared = 0;
    for name in fixtures("list-").into_iter().chain(fixtures("numeric-")) {
        let path = folder().join(&name);
        let theirs = match name.rsplit_once('.').unwrap().1 {
            // calamine misreads the texts of Spreadsheet::WriteExcel, which names a code page without using it, and takes a number format
            // of Gnumeric's for a date.
            _ if ["list-perl.xls", "numeric-gnumeric.xls"].contains(&name.as_str()) => continue,
            "ods" => match calamine::open_workbook::<calamine::Ods<_>, _>(&path) {
                Ok(book) => by_calamine(book),
                // calamine reads no ods with blanks between the cells.
                Err(_) => continue,
            },
            "xls" => match calamine::open_workbook::<calamine::Xls<_>, _>(&path) {
                Ok(book) => by_calamine(book),
                // Named so, but none.
                Err(_) => continue,
            },
            _ => continue,
        };
        for (grid, (sheet, mut cells)) in grids(&name).iter().zip(theirs) {
            assert_eq!(grid.sheet, sheet, "{name}");
            if name == "list-libreoffice.ods" && sheet == "Customers" {
                // Booleans that LibreOffice stores as numbers shown as words.
                let flags = cells.iter_mut().filter(|(row, column, _)| *column == 10 && (5..17).contains(row));
                flags.for_each(|(_, _, text)| *text = if text == "1" { "TRUE".to_owned() } else { "FALSE".to_owned() });
            }
            // Where the zeros are shown, we keep them and calamine does not.
            let ours = filled(grid).into_iter().map(|(row, column, text)| match name.starts_with("numeric-") && column == 5 && row > 1 {
                true => (row, column, text.trim_start_matches('0').to_owned()),
                false => (row, column, text),
            });
            assert_eq!(ours.collect::<Vec<_>>(), cells, "{name} {sheet}");
            compared += cells.len();
        }
    }
    assert!(compared > 1500, "{compared}");
}

#[test]
fn a_file_that_was_kept_elsewhere_reads_as_calamine_reads_it() {
    let Some(shared) = std::env::var_os("CERTONBOARD_SHARED") else {
        eprintln!("skipped: CERTONBOARD_SHARED is not set");
        return;
    };
    let path = Path::new(&shared).join("erp/northwind_customers.xls");
    let theirs = by_calamine(calamine::open_workbook::<calamine::Xls<_>, _>(&path).unwrap());
    let ours = spreadsheet::read(&path, &OpenOptions::default()).unwrap();
    let ours: Vec<_> = ours.iter().map(|grid| (grid.sheet.clone(), filled(grid))).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn what_is_locked_says_so() {
    for name in fixtures("protected-") {
        let error = spreadsheet::read(&folder().join(&name), &OpenOptions::default()).unwrap_err();
        assert!(matches!(error, SpreadsheetError::Password(_)), "{name}: {error}");
        assert!(error.to_string().contains(&name) && error.to_string().contains("remove the password"), "{error}");
    }
}

#[test]
fn a_sheet_is_picked_by_name_in_every_format() {
    for name in
        ["list-openpyxl.xlsx", "list-sheetjs.xlsb", "list-poi.xls", "list-odfpy.ods", "list-netsuite-shape.xls", "list-gnumeric-html.xls"]
    {
        let read = |sheet: &str| {
            let options = OpenOptions { sheet: Some(sheet.to_owned()), ..OpenOptions::default() };
            spreadsheet::read(&folder().join(name), &options)
        };
        let notes = read(" notes ").unwrap();
        assert_eq!((notes.len(), notes[0].sheet.as_str()), (1, "Notes"), "{name}");
        let error = read("Custommers").unwrap_err().to_string();
        assert!(error.contains("did you mean `Customers`?"), "{name}: {error}");
    }
}

#[test]
fn a_reader_that_wants_pieces_gets_the_same_rows() {
    for name in fixtures("list-") {
        let whole = grids(&name);
        let mut book = spreadsheet::Book::open(&folder().join(&name), &OpenOptions::default()).unwrap();
        let sheet = customers(&whole).layout.sheet;
        let mut seen = Vec::new();
        let ended = book.rows(&sheet, &mut |grid| {
            seen.extend(filled(&grid));
            Some(grid)
        });
        assert_eq!(ended.unwrap(), spreadsheet::Rows::All, "{name}");
        assert_eq!(seen, filled(whole.iter().find(|grid| grid.sheet == sheet).unwrap()), "{name}");
    }
}
