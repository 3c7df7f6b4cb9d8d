//! Files that mean harm: each must be refused (or read) within bounds of time and memory, with one line that says what to do, and no panic.
//! They are made here and not kept. What memory they take is held down by running the program under a limit.

use super::{customers, fixtures, folder};
use certonboard::domain::{Cell, Grid};
use certonboard::sources::spreadsheet::{self, Limits, OpenOptions, SpreadsheetError};
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The address space that reading a file that is to be refused may take, in kB.
const MEMORY_KB: u64 = 2_000_000;
/// These tests are built without optimisation, and others run beside them.
const TIME: Duration = Duration::from_secs(60);

fn read_with(name: &str, bytes: &[u8], limits: Limits) -> Result<Vec<Grid>, SpreadsheetError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let began = Instant::now();
    let result = spreadsheet::read(&path, &OpenOptions { sheet: None, limits });
    assert!(began.elapsed() < TIME, "{name} took {:?}", began.elapsed());
    if let Err(error) = &result {
        let said = error.to_string();
        assert!(said.contains(name) && !said.contains('\n') && said.contains(';'), "{said}");
    }
    result
}

fn read(name: &str, bytes: &[u8]) -> Result<Vec<Grid>, SpreadsheetError> {
    read_with(name, bytes, Limits::default())
}

fn refused(name: &str, bytes: &[u8]) -> String {
    match read(name, bytes) {
        Ok(grids) => panic!("{name} was read: {} sheets", grids.len()),
        Err(error) => error.to_string(),
    }
}

/// Reads the file in a process of its own with little memory, and gives the error.
fn refused_in_little_memory(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    refused_at_in_little_memory(&path)
}

fn refused_at_in_little_memory(path: &Path) -> String {
    let began = Instant::now();
    let run = Command::new("sh")
        .args(["-c", "ulimit -v \"$1\"; exec \"$2\" --exact \"$3\" --ignored --nocapture --test-threads=1", "sh", &MEMORY_KB.to_string()])
        .arg(std::env::current_exe().unwrap())
        .arg("hostile::the_file_named_in_the_environment")
        .env(NAMED, path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(run.status.success(), "{name}: {said}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(began.elapsed() < TIME, "{name} took {:?}", began.elapsed());
    let line = |begin: &str| said.lines().find_map(|line| line.strip_prefix(begin)).map(str::to_owned);
    println!("{name}: {}", line("TOOK ").unwrap_or_default());
    let error = line("REFUSED ").unwrap_or_else(|| panic!("{name} was not refused: {said}"));
    assert!(error.contains(name) && error.contains(';'), "{error}");
    error
}

const NAMED: &str = "CERTONBOARD_TEST_SPREADSHEET";

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn the_file_named_in_the_environment() {
    let Some(path) = std::env::var_os(NAMED) else { return };
    let began = Instant::now();
    let result = spreadsheet::read(Path::new(&path), &OpenOptions::default());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default().trim().to_owned();
    // The first line shares its line with what the harness prints.
    println!("\nTOOK {:?}, at most {peak}", began.elapsed());
    match result {
        Ok(grids) => println!("READ {} sheets", grids.len()),
        Err(error) => println!("REFUSED {error}"),
    }
}

/// A ZIP of these parts.
fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        out.start_file(*name, SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

const TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"#;
const TOP: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const HEAD: &str = r#"<?xml version="1.0"?>"#;
const MAIN: &str = r#"xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships""#;

/// A workbook of one sheet with these rows, and more parts.
fn xlsx(rows: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let book = format!(r#"{HEAD}<workbook {MAIN}><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>"#);
    let links = format!(
        r#"{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#
    );
    let sheet = format!("{HEAD}<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>");
    let mut parts: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", TOP.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", links.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ];
    parts.extend_from_slice(more);
    zip(&parts)
}

fn ods(content: &str) -> Vec<u8> {
    zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest xmlns:manifest=\"m\"/>"),
        ("content.xml", content.as_bytes()),
    ])
}

const ODS_BEGIN: &str = r#"<?xml version="1.0"?><office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet><table:table table:name="S">"#;
const ODS_END: &str = "</table:table></office:spreadsheet></office:body></office:document-content>";
const SHEETML_BEGIN: &str = r#"<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">"#;

// ---- what unpacks to more than it seems ------------------------------------------------------------------------------------------------

#[test]
fn a_bomb_that_says_how_large_it_is_is_not_unpacked() {
    // 40 parts of 256 MB: 10 GB in 10 MB.
    let mut one = ZipWriter::new(Cursor::new(Vec::new()));
    one.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default()).unwrap();
    let zeros = vec![b' '; 1 << 20];
    (0..256).for_each(|_| one.write_all(&zeros).unwrap());
    let mut one = one.finish_into_readable().unwrap();
    let mut bomb = ZipWriter::new_append(Cursor::new(xlsx("", &[]))).unwrap();
    for number in 2..42 {
        bomb.raw_copy_file_rename(one.by_index(0).unwrap(), format!("xl/worksheets/sheet{number}.xml")).unwrap();
    }
    let bomb = bomb.finish().unwrap().into_inner();
    assert!(bomb.len() < 20 << 20);
    let said = refused_in_little_memory("bomb.xlsx", &bomb);
    assert!(said.contains("unpacks to more than"), "{said}");
}

#[test]
fn a_bomb_below_the_bound_is_told_by_how_well_it_packs() {
    let texts = format!("{HEAD}<sst {MAIN} uniqueCount=\"1\"><si><t>{}</t></si></sst>", " ".repeat(300 << 20));
    let said = refused_in_little_memory("bomb.xlsx", &xlsx("", &[("xl/sharedStrings.xml", texts.as_bytes())]));
    assert!(said.contains("times its size"), "{said}");
}

#[test]
fn a_bomb_that_lies_about_its_size_goes_no_further_than_it_said() {
    let texts = format!("{HEAD}<sst {MAIN} uniqueCount=\"1\"><si><t>{}</t></si></sst>", "x".repeat(200 << 20));
    let real = texts.len() as u32;
    let rows = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#;
    let mut bytes = xlsx(rows, &[("xl/sharedStrings.xml", texts.as_bytes())]);
    let mut changed = 0;
    for at in 0..bytes.len() - 4 {
        if bytes[at..at + 4] == real.to_le_bytes() {
            bytes[at..at + 4].copy_from_slice(&1000u32.to_le_bytes());
            changed += 1;
        }
    }
    assert!(changed >= 2);
    refused_in_little_memory("liar.xlsx", &bytes);
    assert!(matches!(read("liar.xlsx", &bytes), Err(SpreadsheetError::Damaged { .. })));
}

#[test]
fn a_table_of_texts_that_claims_more_than_it_holds_sets_no_room_aside() {
    for claim in ["9999999999999", "100000000000", "18446744073709551615"] {
        let texts = format!("{HEAD}<sst {MAIN} uniqueCount=\"{claim}\"><si><t>a</t></si></sst>");
        let said = refused_in_little_memory("claims.xlsx", &xlsx("", &[("xl/sharedStrings.xml", texts.as_bytes())]));
        assert!(said.contains("claims more"), "{said}");
    }
}

#[test]
fn entities_are_not_multiplied() {
    let mut laughs = String::from("<!DOCTYPE x [<!ENTITY l0 \"ha\">");
    for n in 1..40 {
        laughs += &format!("<!ENTITY l{n} \"&l{};&l{};&l{};&l{};\">", n - 1, n - 1, n - 1, n - 1);
    }
    laughs += "]>";
    let content = ODS_BEGIN.replace("?>", &format!("?>{laughs}"));
    let row = "<table:table-row><table:table-cell office:value-type=\"string\"><text:p>&l39;</text:p></table:table-cell></table:table-row>";
    refused_in_little_memory("laughs.ods", &ods(&format!("{content}{row}{ODS_END}")));
    let sheetml = SHEETML_BEGIN.replace("?>", &format!("?>{laughs}"));
    let rows =
        "<Worksheet ss:Name=\"S\"><Table><Row><Cell><Data ss:Type=\"String\">&l39;</Data></Cell></Row></Table></Worksheet></Workbook>";
    // The beginning, by which the format is told, must still be at the beginning.
    let sheetml = format!(
        "{}{rows}",
        sheetml.replacen("<!DOCTYPE x", "<!-- <Workbook urn:schemas-microsoft-com:office:spreadsheet --><!DOCTYPE x", 1)
    );
    refused_in_little_memory("laughs.xls", sheetml.as_bytes());
    let texts = format!("{HEAD}{laughs}<sst {MAIN} uniqueCount=\"1\"><si><t>&l39;</t></si></sst>");
    let shared = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#;
    refused_in_little_memory("laughs.xlsx", &xlsx(shared, &[("xl/sharedStrings.xml", texts.as_bytes())]));
    refused_in_little_memory("laughs-sheet.xlsx", &xlsx(r#"<row r="1"><c r="A1" t="str"><v>&l39;</v></c></row>"#, &[]));
}

// ---- sheets that are too wide, too long, too many --------------------------------------------------------------------------------------

#[test]
fn the_widest_sheet_is_read_and_a_cell_in_the_last_corner_costs_nothing() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for column in 0..16_384u16 {
        sheet.write(0, column, format!("Header {column}")).unwrap();
        for row in 1..6 {
            sheet.write(row, column, u32::from(column)).unwrap();
        }
    }
    let grids = read("wide.xlsx", &book.save_to_buffer().unwrap()).unwrap();
    assert_eq!((grids[0].len(), grids[0].row(0).unwrap().len()), (6, 16_384));

    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let rows = [["Customer Code", "Name", "Address", "City", "State", "ZIP"], ["C-1", "Ames Ltd", "1 Mill Rd", "Dayton", "OH", "45402"]];
    for (row, texts) in (0u32..).zip(rows) {
        for (column, text) in (0u16..).zip(texts) {
            sheet.write(row, column, text).unwrap();
        }
    }
    sheet.write(1_048_575, 16_383, "far").unwrap();
    let grids = read("far.xlsx", &book.save_to_buffer().unwrap()).unwrap();
    assert_eq!(grids[0].len(), 3);
    assert_eq!(customers(&grids).customers.len(), 1);

    // Beyond what Excel has.
    let said = refused("beyond.xlsx", &xlsx(r#"<row r="1"><c r="XFE1" t="str"><v>x</v></c></row>"#, &[]));
    assert!(said.contains("columns") || said.contains("damaged"), "{said}");
}

#[test]
fn repeated_cells_are_counted_before_they_are_there() {
    let cell =
        "<table:table-cell office:value-type=\"string\" table:number-columns-repeated=\"16384\"><text:p>boom</text:p></table:table-cell>";
    let bomb = format!("{ODS_BEGIN}<table:table-row table:number-rows-repeated=\"1048576\">{cell}</table:table-row>{ODS_END}");
    let limits = Limits { cells: 5_000_000, ..Limits::default() };
    assert!(matches!(read_with("rows.ods", &ods(&bomb), limits), Err(SpreadsheetError::TooBig { .. })));

    let wide = cell.replace("16384", "4000000000");
    let bomb = format!("{ODS_BEGIN}<table:table-row>{wide}</table:table-row>{ODS_END}");
    let said = refused_in_little_memory("columns.ods", &ods(&bomb));
    assert!(said.contains("16384 columns"), "{said}");

    let long = cell.replace("boom", &"x".repeat(30_000));
    let bomb = format!("{ODS_BEGIN}<table:table-row table:number-rows-repeated=\"1048576\">{long}</table:table-row>{ODS_END}");
    refused_in_little_memory("text.ods", &ods(&bomb));

    // Sheets really end so.
    let blank = "<table:table-row table:number-rows-repeated=\"4294967295\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>";
    let one = cell.replace("16384", "2");
    let fine = format!("{ODS_BEGIN}<table:table-row>{one}</table:table-row>{blank}{ODS_END}");
    let grids = read("fine.ods", &ods(&fine)).unwrap();
    assert_eq!((grids[0].len(), grids[0].cell_count()), (1, 2));
}

#[test]
fn one_long_text_in_every_cell_is_counted() {
    let texts = format!("{HEAD}<sst {MAIN} uniqueCount=\"1\"><si><t>{}</t></si></sst>", "x".repeat(32_000));
    let cells = r#"<c t="s"><v>0</v></c>"#.repeat(500);
    let rows = format!("<row>{cells}</row>").repeat(200);
    let limits = Limits { text_bytes: 64 << 20, ..Limits::default() };
    let result = read_with("texts.xlsx", &xlsx(&rows, &[("xl/sharedStrings.xml", texts.as_bytes())]), limits);
    assert!(matches!(result, Err(SpreadsheetError::TooBig { .. })));
}

#[test]
fn a_hundred_thousand_sheets_are_refused() {
    let name = |n: usize| format!("S{n}");
    let sheetml: String = (0..100_000)
        .map(|n| format!("<Worksheet ss:Name=\"{}\"><Table><Row><Cell><Data>x</Data></Cell></Row></Table></Worksheet>", name(n)))
        .collect();
    let said = refused_in_little_memory("sheets.xls", format!("{SHEETML_BEGIN}{sheetml}</Workbook>").as_bytes());
    assert!(said.contains("more than 1000 sheets"), "{said}");

    let tables: String =
        (0..100_000).map(|n| format!("</table:table><table:table table:name=\"{}\"><table:table-row/>", name(n))).collect();
    let said = refused_in_little_memory("sheets.ods", &ods(&format!("{ODS_BEGIN}{tables}{ODS_END}")));
    assert!(said.contains("more than 1000 sheets"), "{said}");

    let page: String = (0..100_000).map(|_| "<table><tr><td>1<td>2<tr><td>3<td>4</table>").collect();
    let said = refused_in_little_memory("sheets.html.xls", format!("<html>{page}").as_bytes());
    assert!(said.contains("more than 1000 sheets"), "{said}");

    let sheets: String = (0..100_000).map(|n| format!("<sheet name=\"{}\" sheetId=\"{n}\" r:id=\"r1\"/>", name(n))).collect();
    let book = format!("{HEAD}<workbook {MAIN}><sheets>{sheets}</sheets></workbook>");
    let bytes = replace_part(&xlsx("", &[]), "xl/workbook.xml", book.as_bytes());
    let said = refused_in_little_memory("sheets.xlsx", &bytes);
    assert!(said.contains("more than 1000 sheets"), "{said}");
}

// ---- values without an end -------------------------------------------------------------------------------------------------------------

/// A file that is written piece by piece.
fn long_file(folder: &Path, name: &str, begin: &str, fill: u8, megabytes: usize) -> std::path::PathBuf {
    let path = folder.join(name);
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(begin.as_bytes()).unwrap();
    let piece = vec![fill; 1 << 20];
    (0..megabytes).for_each(|_| file.write_all(&piece).unwrap());
    path
}

#[test]
fn a_line_or_value_without_an_end_is_refused_early() {
    let folder = tempfile::tempdir().unwrap();
    let sheetml = format!("{SHEETML_BEGIN}<Worksheet ss:Name=\"S\"><Table><Row><Cell><Data ss:Type=\"String\">");
    for (name, begin) in [
        ("line.csv", "Code,Name\n1,"),
        ("quote.csv", "Code,Name\n1,Ames\n2,\"Bow"),
        ("tabs.txt", "Code\tName\n1\t"),
        ("cell.html.xls", "<html><table><tr><td>Code<td>Name<tr><td>1<td>"),
        ("attribute.html.xls", "<html><table><tr><td>Code<td title=\""),
        ("comment.html.xls", "<html><table><tr><td>Code<!--"),
        ("cell.xml.xls", sheetml.as_str()),
    ] {
        let path = long_file(folder.path(), name, begin, b'x', 64);
        let said = refused_at_in_little_memory(&path);
        assert!(said.contains("longer than 32 MB"), "{said}");
    }
}

#[test]
#[ignore = "writes a gigabyte"]
fn a_line_of_a_gigabyte_is_refused_early() {
    let folder = tempfile::tempdir().unwrap();
    let path = long_file(folder.path(), "line.csv", "Code,Name\n1,", b'x', 1024);
    let began = Instant::now();
    refused_at_in_little_memory(&path);
    println!("{:?}", began.elapsed());
}

#[test]
fn tables_in_tables_without_an_end_are_refused() {
    let said = refused_in_little_memory("deep.html.xls", "<table><tr><td>".repeat(1_000_000).as_bytes());
    assert!(said.contains("nested"), "{said}");
    let said = refused_in_little_memory("deep.xml.xls", format!("{SHEETML_BEGIN}{}", "<a>".repeat(3_000_000)).as_bytes());
    assert!(said.contains("nested"), "{said}");
}

// ---- links and formulas ----------------------------------------------------------------------------------------------------------------

#[test]
fn links_are_not_followed_and_only_kept_results_are_read() {
    let elsewhere = tempfile::tempdir().unwrap();
    let secret = elsewhere.path().join("secret.csv");
    std::fs::write(&secret, "SECRET").unwrap();
    let link = format!(
        r#"{HEAD}<externalLink {MAIN}><externalBook r:id="x"><sheetNames><sheetName val="A"/></sheetNames></externalBook></externalLink>"#
    );
    let target = format!(
        r#"{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="x" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" Target="file://{}" TargetMode="External"/></Relationships>"#,
        secret.display()
    );
    let rows = r#"<row r="1"><c r="A1"><f>[1]A!$A$1</f><v>42</v></c><c r="B1" t="str"><f>WEBSERVICE("http://127.0.0.1:1/x")</f><v>kept</v></c><c r="C1"><f>[1]A!$A$1</f></c><c r="D1" t="str"><f>cmd|' /c x'!A1</f></c><c r="E1" t="e"><f>[1]A!A2</f><v>#REF!</v></c><c r="F1"><v>7</v></c></row>"#;
    let more =
        [("xl/externalLinks/externalLink1.xml", link.as_bytes()), ("xl/externalLinks/_rels/externalLink1.xml.rels", target.as_bytes())];
    let grids = read("links.xlsx", &xlsx(rows, &more)).unwrap();
    let row = grids[0].row(0).unwrap();
    let cells: Vec<Cell<'_>> = row.cells().collect();
    assert_eq!(cells, [Cell::Number("42"), Cell::Text("kept"), Cell::Empty, Cell::Empty, Cell::Error("#REF!"), Cell::Number("7")]);

    let row = r#"<table:table-row><table:table-cell table:formula="of:='file:///etc/passwd'#$A.A1" office:value-type="float" office:value="42"><text:p>42</text:p></table:table-cell><table:table-cell table:formula="of:=NOW()"/><table:table-cell office:value-type="string"><text:p>end</text:p></table:table-cell></table:table-row>"#;
    let grids = read("links.ods", &ods(&format!("{ODS_BEGIN}{row}{ODS_END}"))).unwrap();
    assert!(grids[0].row(0).unwrap().cells().eq([Cell::Number("42"), Cell::Empty, Cell::Text("end")]));

    let page = r#"<html><link rel=stylesheet href="http://127.0.0.1:1/x"><table><tr><td>a<img src="file:///etc/passwd"><td>b<tr><td>=1+1<td>d</table>"#;
    let grids = read("links.html.xls", page.as_bytes()).unwrap();
    assert_eq!(grids[0].row(1).unwrap().get(0), Cell::Text("=1+1"));
}

// ---- what is broken --------------------------------------------------------------------------------------------------------------------

/// Reads it; whatever comes, there must be no panic, and an error must be one line.
fn survives(name: &str, bytes: &[u8]) -> bool {
    read(name, bytes).is_ok()
}

#[test]
fn files_cut_off_are_refused() {
    for name in fixtures("list-").into_iter().chain(fixtures("protected-")) {
        let whole = std::fs::read(folder().join(&name)).unwrap();
        // Half a text or a web page is a text or a web page still.
        let told = !["csv", "tsv"].iter().any(|end| name.ends_with(end))
            && !["html", "text", "web", "report"].iter().any(|mark| name.contains(mark));
        for part in 1..20 {
            let cut = &whole[..whole.len() * part / 20];
            let read = survives(&name, cut);
            // What comes last in a compound file may be more than the workbook.
            let may = name.ends_with(".xls") && part > 12;
            assert!(!(read && told && !may), "{name}, {part} of 20");
        }
    }
}

fn replace_part(zipped: &[u8], wanted: &str, bytes: &[u8]) -> Vec<u8> {
    let parts: Vec<(String, Vec<u8>)> =
        parts(zipped).into_iter().map(|(name, old)| if name == wanted { (name, bytes.to_vec()) } else { (name, old) }).collect();
    pack(&parts)
}

fn parts(zipped: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(zipped)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut part = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            part.read_to_end(&mut bytes).unwrap();
            (part.name().unwrap().to_string(), bytes)
        })
        .collect()
}

fn pack(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        out.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// The same numbers each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % most.max(1)
    }
}

fn spoil(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        match dice.below(5) {
            0 => bytes.truncate(at.max(1)),
            1 if at + 4 < bytes.len() => bytes[at..at + 4].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]),
            2 => {
                let end = (at + dice.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ if at < bytes.len() => bytes[at] = dice.below(256) as u8,
            _ => {}
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
}

#[test]
fn spoilt_files_never_panic() {
    let mut dice = Dice(20_261_121);
    let mut outcomes = [0usize; 2];
    // More of them, where there is time.
    let times = std::env::var("CERTONBOARD_SPOIL").ok().and_then(|times| times.parse().ok()).unwrap_or(60);
    for name in fixtures("list-") {
        let whole = std::fs::read(folder().join(&name)).unwrap();
        let zipped = whole.starts_with(b"PK");
        for _ in 0..times {
            let bytes = if zipped {
                // Within the parts, since the pack's checksums would hide the rest.
                let mut parts = parts(&whole);
                let at = dice.below(parts.len());
                spoil(&mut parts[at].1, &mut dice);
                pack(&parts)
            } else {
                let mut bytes = whole.clone();
                spoil(&mut bytes, &mut dice);
                bytes
            };
            outcomes[usize::from(survives(&name, &bytes))] += 1;
        }
    }
    println!("refused {}, read {}", outcomes[0], outcomes[1]);
    assert!(outcomes.iter().all(|count| *count > 100), "{outcomes:?}");
}

#[test]
fn a_compound_file_whose_sectors_bite_their_tail_is_refused() {
    let whole = std::fs::read(folder().join("list-poi.xls")).unwrap();
    let word = |at: usize| u32::from_le_bytes(whole[at..at + 4].try_into().unwrap());
    let table = 512 + word(76) as usize * 512;
    // Every sector's next is itself, the first, or far away.
    for next in ["itself", "first", "away"] {
        let mut bytes = whole.clone();
        for sector in 0..128usize {
            let value = match next {
                "itself" => sector as u32,
                "first" => 0,
                _ => 0x00ff_ffff,
            };
            bytes[table + sector * 4..table + sector * 4 + 4].copy_from_slice(&value.to_le_bytes());
        }
        let said = refused_in_little_memory("loop.xls", &bytes);
        assert!(said.contains("damaged"), "{said}");
    }
    // The header's own chain of tables, and a table that is not there.
    for (at, value) in [(68usize, 0u32), (76, 0x00ff_ffff), (48, 0x00ff_ffff), (44, 0xffff_ffff), (60, 3)] {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let _ = survives("header.xls", &bytes);
    }
}

/// A compound file around these records, as simple as can be: the table of sectors, the folder, the stream.
fn compound(stream: &[u8]) -> Vec<u8> {
    let sectors = stream.len().max(4096).div_ceil(512);
    let tables = (sectors + 2).div_ceil(127) + 1;
    let mut header = vec![0u8; 512];
    header[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    let mut put = |at: usize, value: u32| header[at..at + 4].copy_from_slice(&value.to_le_bytes());
    put(24, 0x0003_003e);
    put(28, 0x0009_fffe);
    put(32, 6);
    put(44, tables as u32);
    put(48, tables as u32);
    put(56, 4096);
    put(60, 0xffff_fffe);
    put(68, 0xffff_fffe);
    assert!(tables <= 109, "too much for a header");
    for index in 0..109 {
        put(76 + index * 4, if index < tables { index as u32 } else { 0xffff_ffff });
    }
    let mut next = vec![0xffff_fffdu32; tables];
    next.push(0xffff_fffe);
    next.extend((0..sectors).map(|n| if n + 1 == sectors { 0xffff_fffe } else { (tables + 1 + n + 1) as u32 }));
    next.resize(tables * 128, 0xffff_ffff);
    let mut folder = vec![0u8; 512];
    let mut entry = |at: usize, name: &str, kind: u8, start: u32, size: u32| {
        name.encode_utf16().enumerate().for_each(|(n, unit)| folder[at + n * 2..at + n * 2 + 2].copy_from_slice(&unit.to_le_bytes()));
        folder[at + 64] = (name.len() * 2 + 2) as u8;
        folder[at + 66] = kind;
        folder[at + 116..at + 120].copy_from_slice(&start.to_le_bytes());
        folder[at + 120..at + 124].copy_from_slice(&size.to_le_bytes());
    };
    entry(0, "Root Entry", 5, 0xffff_fffe, 0);
    entry(128, "Workbook", 2, (tables + 1) as u32, stream.len().max(4096) as u32);
    let mut out = header;
    next.iter().for_each(|word| out.extend(word.to_le_bytes()));
    out.extend(folder);
    out.extend(stream);
    out.resize(512 + (tables + 1 + sectors) * 512, 0);
    out
}

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [kind.to_le_bytes().as_slice(), &(data.len() as u16).to_le_bytes(), data].concat()
}

/// The records of a workbook whose sheets are these.
fn biff(globals: &[Vec<u8>], sheets: &[Vec<u8>], same_place: bool) -> Vec<u8> {
    let bof = record(0x0809, &[0, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let end = record(0x000a, &[]);
    let names: usize = (0..sheets.len()).map(|n| 4 + 8 + format!("S{n}").len()).sum();
    let mut at = bof.len() + globals.iter().map(Vec::len).sum::<usize>() + names + end.len();
    let mut out = bof.clone();
    out.extend(globals.concat());
    let mut body = Vec::new();
    for (n, sheet) in sheets.iter().enumerate() {
        let name = format!("S{n}");
        let data = [(at as u32).to_le_bytes().as_slice(), &[0, 0, name.len() as u8, 0], name.as_bytes()].concat();
        out.extend(record(0x0085, &data));
        if !same_place {
            let part = [bof.clone(), sheet.clone(), end.clone()].concat();
            at += part.len();
            body.extend(part);
        }
    }
    if same_place {
        body = [bof, sheets[0].clone(), end.clone()].concat();
    }
    out.extend(end);
    out.extend(body);
    out
}

#[test]
fn an_xls_that_claims_or_repeats_much_takes_little() {
    let cell =
        |row: u16, column: u16| record(0x0203, &[&row.to_le_bytes()[..], &column.to_le_bytes(), &[0, 0], &7.5f64.to_le_bytes()].concat());
    // A sheet that says it has four thousand million rows, and cells in the far corners.
    let claim = record(0x0200, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0]);
    let sheet = [claim, cell(0, 0), cell(65_535, 255)].concat();
    let many: Vec<Vec<u8>> = (0..900).map(|_| sheet.clone()).collect();
    let grids = read("corners.xls", &compound(&biff(&[], &many, false))).unwrap();
    assert_eq!((grids.len(), grids[0].len(), grids[899].row(1).unwrap().get(255)), (900, 2, Cell::Number("7.5")));

    // One sheet under many names.
    let said = refused_in_little_memory("same.xls", &compound(&biff(&[], &many, true)));
    assert!(said.contains("two of its sheets are one"), "{said}");

    // One long text in every cell.
    let text = [&[0u8; 4][..], &1u32.to_le_bytes(), &8000u16.to_le_bytes(), &[0], &[b'x'; 8000]].concat();
    let label =
        |row: u16, column: u16| record(0x00fd, &[&row.to_le_bytes()[..], &column.to_le_bytes(), &[0, 0], &0u32.to_le_bytes()].concat());
    let cells: Vec<u8> = (0..1500u16).flat_map(|row| (0..100u16).flat_map(move |column| label(row, column))).collect();
    let said = refused_in_little_memory("text.xls", &compound(&biff(&[record(0x00fc, &text)], &[cells], false)));
    assert!(said.contains("MB of text"), "{said}");
}
