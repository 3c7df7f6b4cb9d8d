//! Text files: comma, tab, semicolon or bar between the values, found by trying; QuickBooks' IIF lists split into their sections.

use super::encoding::{Detected, Utf8, detect};
use super::{HEAD_BYTES, Kind, Limits, OpenOptions, PIECE_BYTES, PIECE_ROWS, Rows, SpreadsheetError};
use crate::domain::{Grid, Issue, IssueKind, Severity};
use std::cell::Cell as Shared;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

const SAMPLE: usize = 1 << 17;

/// How much of a file is looked at before its letters are taken to be what they seem. A file that turns out otherwise is read again.
const LOOKED_AT: u64 = 1 << 20;

/// A text file whose letters and delimiter are known.
pub(super) struct Text {
    detected: Detected,
    dialect: Dialect,
    name: String,
    /// The whole file was looked at.
    certain: bool,
}

/// Opens a text file. An IIF list is read whole, since its sections lie anywhere.
pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Kind, SpreadsheetError> {
    let io = |error: io::Error| SpreadsheetError::Io { path: path.to_owned(), reason: SpreadsheetError::one_line(error) };
    let file = File::open(path).map_err(io)?;
    let mut certain = file.metadata().map_or(0, |facts| facts.len()) <= LOOKED_AT;
    let mut detected = detect(file.take(LOOKED_AT), certain).map_err(io)?;
    if !certain && detected.broken > 0 {
        detected = detect(File::open(path).map_err(io)?, true).map_err(io)?;
        certain = true;
    }
    let mut sample = Vec::with_capacity(SAMPLE);
    let mut text = Utf8::new(File::open(path).map_err(io)?, &detected).map_err(io)?;
    text.by_ref().take(SAMPLE as u64).read_to_end(&mut sample).map_err(io)?;
    let dialect = Dialect::guess(&sample);
    let name = path.file_stem().map_or_else(|| "file".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let sections = dialect.delimiter == b'\t' && (sample.starts_with(b"!") || sample.windows(2).any(|pair| pair == b"\n!"));
    let mut text = Text { detected, dialect, name, certain };
    if !sections {
        return Ok(Kind::Text(Box::new(text)));
    }
    let mut grids = Vec::new();
    loop {
        let ended = text.read(path, options, usize::MAX, &mut |grid| {
            grids.push(grid);
            Some(Grid::default())
        })?;
        if ended != Rows::Again {
            break;
        }
        grids.clear();
    }
    if let Some(at) = options.sheet.as_deref().and_then(|wanted| grids.iter().position(|grid| grid.sheet.eq_ignore_ascii_case(wanted))) {
        grids = vec![grids.swap_remove(at)];
    }
    Ok(Kind::Loaded(grids))
}

impl Text {
    pub(super) fn head(&mut self, path: &Path, options: &OpenOptions, most: usize) -> Result<Grid, SpreadsheetError> {
        let mut head = None;
        let more = loop {
            let ended = self.read(path, options, most, &mut |grid| {
                head.get_or_insert(grid);
                None
            })?;
            match ended {
                Rows::Again => head = None,
                ended => break ended == Rows::Stopped,
            }
        };
        let mut head = head.unwrap_or_else(|| Grid::new(self.name.clone()));
        head.more = more || head.len() > most;
        head.truncate(most);
        Ok(head)
    }

    pub(super) fn rows(
        &mut self,
        path: &Path,
        options: &OpenOptions,
        take: &mut dyn FnMut(Grid) -> Option<Grid>,
    ) -> Result<Rows, SpreadsheetError> {
        self.read(path, options, PIECE_ROWS, take)
    }

    /// Hands the rows on in pieces of more than `size` rows.
    fn read(
        &mut self,
        path: &Path,
        options: &OpenOptions,
        size: usize,
        take: &mut dyn FnMut(Grid) -> Option<Grid>,
    ) -> Result<Rows, SpreadsheetError> {
        let io = |error: io::Error| SpreadsheetError::Io { path: path.to_owned(), reason: SpreadsheetError::one_line(error) };
        let mut text = Utf8::new(File::open(path).map_err(io)?, &self.detected).map_err(io)?;
        io::copy(&mut text.by_ref().take(self.dialect.skip as u64), &mut io::sink()).map_err(io)?;
        let replaced = text.replaced();
        let strict = !self.certain && self.detected.encoding == encoding_rs::UTF_8 && self.detected.broken == 0;
        let pieces = Pieces { name: &self.name, size, strict, limits: &options.limits };
        match records(text, &self.dialect, &pieces, take) {
            Ok((stopped, last)) => {
                let mut last = last;
                if self.detected.broken > 0 || replaced.get() > 0 {
                    last.get_or_insert_with(|| Grid::new(self.name.clone())).issues.push(broken_letters(&self.detected));
                }
                if let Some(grid) = last {
                    take(grid);
                }
                Ok(if stopped { Rows::Stopped } else { Rows::All })
            }
            Err(Stop::NotUtf8) => {
                // Now it is worth to look at all of it.
                self.detected = detect(File::open(path).map_err(io)?, true).map_err(io)?;
                self.certain = true;
                Ok(Rows::Again)
            }
            Err(Stop::Io(error)) => Err(io(error)),
            Err(Stop::TooBig(what)) => Err(SpreadsheetError::TooBig { path: path.to_owned(), what }),
        }
    }
}

/// How many rows of the file a value with line ends in it holds: a quotation mark that was never closed takes in all rows up to the next one.
fn swallowed(record: &csv::ByteRecord, delimiter: u8, width: usize) -> Option<usize> {
    let wide = |line: &&[u8]| line.iter().filter(|byte| **byte == delimiter).count() + 1 >= width;
    let values = record.iter().filter(|value| width > 2 && value.contains(&b'\n'));
    let rows: usize = values.map(|value| value.split(|byte| *byte == b'\n').skip(1).filter(wide).count()).sum();
    (rows > 0).then_some(rows)
}

fn open_quote(row: u32, rows: usize) -> Issue {
    Issue {
        kind: IssueKind::Unreadable,
        severity: Severity::Error,
        row: Some(row),
        column: None,
        value: None,
        message: format!("a quotation mark that is not closed takes in at least {rows} more rows, which are not read as customers"),
        suggestion: Some("take the mark out or close it, or export the list as .xlsx".to_owned()),
    }
}

fn broken_letters(detected: &Detected) -> Issue {
    Issue {
        kind: IssueKind::Unreadable,
        severity: Severity::Warning,
        row: None,
        column: None,
        value: None,
        message: format!("some places in the file are no letters in {}; they read as \u{fffd}", detected.encoding.name()),
        suggestion: Some("export the file again as CSV UTF-8".to_owned()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dialect {
    delimiter: u8,
    /// Whether `"` encloses values.
    quoted: bool,
    /// Bytes of a `sep=;` line.
    skip: usize,
    /// Rows already passed by that.
    rows_before: u32,
    /// Lines end with two letters, of which the csv reader leaves the second for the next record.
    two_letter_ends: bool,
}

impl Dialect {
    fn guess(sample: &[u8]) -> Self {
        let first = sample.split(|b| *b == b'\n').next().unwrap_or_default();
        if let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter, rest @ ..] = first
            && rest.iter().all(u8::is_ascii_whitespace)
        {
            let skip = (first.len() + 1).min(sample.len());
            return Self { delimiter: *delimiter, quoted: true, skip, rows_before: 1, two_letter_ends: first.ends_with(b"\r") };
        }
        let scored = [b',', b'\t', b';', b'|'].map(|delimiter| (score(sample, delimiter), delimiter));
        // The first wins a draw.
        let best = scored.iter().fold((0.0, b','), |best, (score, delimiter)| if *score > best.0 { (*score, *delimiter) } else { best });
        let quoted = best.1 != b'\t' || !tabs_without_quotes(sample);
        Self { delimiter: best.1, quoted, skip: 0, rows_before: 0, two_letter_ends: first.ends_with(b"\r") }
    }
}

/// How well a delimiter explains the sample: records of the same number of values, and more than one.
fn score(sample: &[u8], delimiter: u8) -> f64 {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(sample);
    let mut record = csv::ByteRecord::new();
    let mut counts: Vec<usize> = Vec::new();
    while counts.len() < 200 && reader.read_byte_record(&mut record).unwrap_or(false) {
        counts.push(record.len());
    }
    // The sample may end in the middle of a record.
    if counts.len() > 2 && sample.len() >= SAMPLE {
        counts.pop();
    }
    let mut by_count: std::collections::BTreeMap<usize, usize> = std::collections::BTreeMap::new();
    for count in counts.iter().filter(|count| **count > 1) {
        *by_count.entry(*count).or_default() += 1;
    }
    let Some((width, times)) = by_count.into_iter().max_by_key(|(width, times)| (*times, *width)) else { return 0.0 };
    let share = times as f64 / counts.len().max(1) as f64;
    share * (1.0 + (width as f64).ln() / 4.0)
}

/// In tab files a lone `"` is mostly an inch mark or a nickname, not a quote: true when quoting would join lines that are whole without.
fn tabs_without_quotes(sample: &[u8]) -> bool {
    let lines: Vec<&[u8]> = sample.split(|b| *b == b'\n').filter(|line| !line.is_empty()).take(400).collect();
    let tabs = |line: &[u8]| line.iter().filter(|b| **b == b'\t').count();
    let whole = lines.first().map_or(0, |first| tabs(first));
    let odd = |line: &&&[u8]| line.iter().filter(|b| **b == b'"').count() % 2 == 1;
    lines.iter().filter(odd).any(|line| tabs(line) == whole)
        && lines.iter().filter(|line| tabs(line) == whole).count() * 10 >= lines.len() * 8
}

enum Stop {
    /// The bytes are not the UTF-8 that they seemed to be.
    NotUtf8,
    Io(io::Error),
    TooBig(String),
}

/// Counts what was read since the last record ended, so that a record without an end can't fill the memory.
struct Bounded<R> {
    input: R,
    since: Rc<Shared<u64>>,
    most: u64,
}

const ENDLESS: &str = "endless record";

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.since.get() > self.most {
            return Err(io::Error::other(ENDLESS));
        }
        let n = self.input.read(out)?;
        self.since.set(self.since.get() + n as u64);
        Ok(n)
    }
}

/// How the records are handed on.
struct Pieces<'a> {
    name: &'a str,
    size: usize,
    /// Bytes that are no UTF-8 end it.
    strict: bool,
    limits: &'a Limits,
}

/// Hands the records on in pieces; what is left at the end comes back, and whether nobody wanted more.
fn records(
    input: impl Read,
    dialect: &Dialect,
    pieces: &Pieces<'_>,
    take: &mut dyn FnMut(Grid) -> Option<Grid>,
) -> Result<(bool, Option<Grid>), Stop> {
    let limits = pieces.limits;
    let since = Rc::new(Shared::new(0));
    let input = Bounded { input, since: Rc::clone(&since), most: limits.row_bytes };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.delimiter)
        .quoting(dialect.quoted)
        .buffer_capacity(1 << 16)
        .from_reader(input);
    let mut record = csv::ByteRecord::new();
    let mut grid = Grid::new(pieces.name);
    let (mut cells, mut rows, mut width) = (0usize, 0usize, 0usize);
    let mut number = dialect.rows_before;
    loop {
        let line = reader.position().line();
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) if error.to_string().contains(ENDLESS) => {
                let mb = limits.row_bytes >> 20;
                return Err(Stop::TooBig(format!("row {} is longer than {mb} MB (a quotation mark that is never closed?)", number + 1)));
            }
            Err(error) => return Err(Stop::Io(io::Error::other(SpreadsheetError::one_line(error)))),
        }
        since.set(0);
        // Blank lines are passed over by the reader, yet a spreadsheet program counts them as rows.
        let lines = reader.position().line().saturating_sub(line);
        let own = u64::from(rows > 0 || !dialect.two_letter_ends);
        let inside = if lines > own { record.as_slice().iter().filter(|b| **b == b'\n').count() as u64 } else { 0 };
        let blank = lines.saturating_sub(own + inside);
        number = number.saturating_add(1).saturating_add(u32::try_from(blank).unwrap_or(u32::MAX));
        rows += 1;
        if rows > limits.rows {
            return Err(Stop::TooBig(format!("it has more than {} rows", limits.rows)));
        }
        cells += record.len();
        if record.len() > limits.columns || cells > limits.cells {
            let what = if cells > limits.cells { format!("{} cells", limits.cells) } else { format!("{} columns", limits.columns) };
            return Err(Stop::TooBig(format!("it has more than {what} (row {number})")));
        }
        // IIF: `!CUST` begins the list of customers, and each of its rows begins with `CUST`.
        let section = record.get(0).and_then(|cell| cell.strip_prefix(b"!")).filter(|_| dialect.delimiter == b'\t');
        let section = section.filter(|section| !section.is_empty() && section.iter().all(u8::is_ascii_alphanumeric));
        let full = match pieces.size {
            usize::MAX => false,
            PIECE_ROWS => grid.len() > PIECE_ROWS || grid.text_len() >= PIECE_BYTES,
            size => grid.len() > size || grid.text_len() >= HEAD_BYTES,
        };
        if full || section.is_some() && !grid.is_empty() {
            let Some(mut next) = take(std::mem::take(&mut grid)) else { return Ok((true, None)) };
            next.clear();
            pieces.name.clone_into(&mut next.sheet);
            grid = next;
        }
        if let Some(section) = section {
            grid.sheet = String::from_utf8_lossy(section).into_owned();
        }
        if record.as_slice().iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        width = if width == 0 { record.len() } else { width };
        if inside > 0
            && let Some(rows) = swallowed(&record, dialect.delimiter, width)
        {
            grid.issues.push(open_quote(number, rows));
        }
        grid.start_row(number);
        match csv::StringRecord::from_byte_record(std::mem::take(&mut record)) {
            Ok(texts) => {
                let ends = (0..texts.len()).map(|cell| texts.range(cell).map_or(0, |range| range.end));
                grid.push_texts(texts.as_slice(), ends);
                record = texts.into_byte_record();
            }
            Err(_) if pieces.strict => return Err(Stop::NotUtf8),
            Err(error) => {
                record = error.into_byte_record();
                record.iter().for_each(|cell| grid.push_text(&String::from_utf8_lossy(cell)));
            }
        }
    }
    Ok((false, Some(grid).filter(|grid| !grid.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<Grid> {
        let dialect = Dialect::guess(text.as_bytes());
        let rest = &text.as_bytes()[dialect.skip..];
        let mut grids = Vec::new();
        let pieces = Pieces { name: "file", size: usize::MAX, strict: false, limits: &Limits::default() };
        let ended = records(rest, &dialect, &pieces, &mut |grid| {
            grids.push(grid);
            Some(Grid::default())
        });
        match ended {
            Ok((_, last)) => grids.extend(last),
            Err(_) => panic!("refused"),
        }
        grids
    }

    fn shown(grid: &Grid) -> Vec<(u32, Vec<&str>)> {
        grid.rows().map(|row| (row.number(), row.cells().map(|c| c.text()).collect())).collect()
    }

    #[test]
    fn the_delimiter_is_found() {
        for delimiter in [",", "\t", ";", "|"] {
            let text = format!(
                "Code{delimiter}Name{delimiter}City\n1{delimiter}\"Ames, Ltd; one\"{delimiter}Dayton\n2{delimiter}B{delimiter}Reno\n"
            );
            let grids = parse(&text);
            assert_eq!(shown(&grids[0])[1].1, ["1", "Ames, Ltd; one", "Dayton"], "{delimiter:?}");
        }
        assert_eq!(shown(&parse("sep=;\na;b\n1;2\n")[0]), [(2, vec!["a", "b"]), (3, vec!["1", "2"])]);
        assert_eq!(shown(&parse("Name\nAmes\n")[0]).len(), 2);
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_program_counts_them() {
        let grids = parse("a,b\n\n\n1,\"x\ny\"\n2,z\n");
        assert_eq!(grids[0].rows().map(|row| row.number()).collect::<Vec<_>>(), [1, 4, 5]);
    }

    #[test]
    fn blank_lines_with_two_letter_ends_count_too() {
        for blank in 0..4u32 {
            let text = format!("{}a,b\r\n1,\"x\r\ny\"\r\n\r\n2,z\r\n", "\r\n".repeat(blank as usize));
            let grids = parse(&text);
            assert_eq!(grids[0].rows().map(|row| row.number() - blank).collect::<Vec<_>>(), [1, 2, 4], "{blank}");
        }
    }

    #[test]
    fn a_mark_that_is_not_closed_is_told() {
        let grids = parse("a,b,c\n1,\"24 inch pipe,x\n2,Bow,y\n3,Cee,z\n4,\"Dee\",w\n5,Eff,v\n");
        let told: Vec<&str> = grids[0].issues.iter().map(|issue| issue.message.as_str()).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("at least 2 more rows"), "{told:?}");
        assert!(parse("a,b,c\n1,\"Mill Rd\nSuite 4, back, left\",x\n")[0].issues.len() <= 1);
        assert!(parse("a,b,c\n1,\"Mill Rd\nSuite 4\",x\n")[0].issues.is_empty());
    }

    #[test]
    fn inch_marks_in_a_tab_file_are_no_quotes() {
        let grids = parse("a\tb\tc\n1\t\"Stubby\" Ames\t2\" pipe\n2\tx\t3\n3\t\"open\ty\n");
        assert_eq!(grids[0].len(), 4);
    }

    #[test]
    fn an_iif_list_is_split_into_its_sections() {
        let grids = parse("!TERMS\tNAME\nTERMS\tNet 30\n!CUST\tNAME\tTAXABLE\nCUST\tAmes\tN\nCUST\tBow\tY\n");
        assert_eq!(grids.iter().map(|g| (g.sheet.as_str(), g.len())).collect::<Vec<_>>(), [("TERMS", 2), ("CUST", 3)]);
    }

    #[test]
    fn a_record_without_end_is_refused_early() {
        let endless = io::repeat(b'x').take(1 << 30);
        let limits = Limits { row_bytes: 1 << 20, ..Limits::default() };
        let dialect = Dialect { delimiter: b',', quoted: true, skip: 0, rows_before: 0, two_letter_ends: false };
        let pieces = Pieces { name: "f", size: usize::MAX, strict: false, limits: &limits };
        assert!(matches!(records(b"a,b\n1,\"".chain(endless), &dialect, &pieces, &mut |_| None), Err(Stop::TooBig(_))));
    }
}
