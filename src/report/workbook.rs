//! The report as a workbook for the merchant.
//!
//! Text is written as text, so codes keep their zeros and what begins with `= + - @` never becomes a formula. Dates and counts are typed cells.

use super::data::Data;
use super::problems::MAX_LETTERS;
use crate::domain::printable;
use jiff::civil::Date;
use rust_xlsxwriter::{Color, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

#[derive(Debug, thiserror::Error)]
#[error("the workbook of the report can't be made: {0}")]
pub struct WorkbookError(#[from] XlsxError);

/// A cell of a sheet.
enum Cell {
    Text(String),
    Day(Option<Date>),
    Number(Option<f64>),
    /// Clickable only where it is https.
    Link(Option<String>),
}

fn text(value: &Option<String>) -> Cell {
    Cell::Text(value.clone().unwrap_or_default())
}

struct Styles {
    head: Format,
    text: Format,
    day: Format,
    title: Format,
}

impl Styles {
    fn new() -> Self {
        Self {
            head: Format::new().set_bold().set_background_color(Color::RGB(0x1F_3A_5F)).set_font_color(Color::White),
            text: Format::new().set_num_format("@").set_align(FormatAlign::Top),
            day: Format::new().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Top),
            title: Format::new().set_bold().set_font_size(14),
        }
    }
}

/// Sheets: Summary, Customers, Certificates, Invitations, To do, Data problems.
pub fn workbook(data: &Data) -> Result<Vec<u8>, WorkbookError> {
    let styles = Styles::new();
    let mut book = Workbook::new();
    summary(book.add_worksheet(), data, &styles)?;
    let rows = data.customers.iter().map(|c| {
        vec![
            Cell::Text(c.code.clone()),
            Cell::Text(c.name.clone()),
            text(&c.state),
            Cell::Text(if c.exempt { "yes" } else { "no" }.to_owned()),
            Cell::Text(c.because.clone()),
            text(&c.reason),
            Cell::Text(c.covered.word().to_owned()),
            Cell::Text(c.covered_states.join(", ")),
            Cell::Day(c.covered_until),
            text(&c.email),
        ]
    });
    let head = ["Code", "Name", "State", "Exempt", "Because", "Reason", "Now", "Certificate for", "Until", "E-mail"];
    sheet(book.add_worksheet(), "Customers", &head, rows, &styles)?;
    let rows = data.certificates.iter().map(|c| {
        vec![
            Cell::Number(c.id.map(|id| id as f64)),
            Cell::Text(c.customers.join(", ")),
            Cell::Text(c.zone.clone()),
            text(&c.number),
            Cell::Text(c.reason.clone()),
            Cell::Day(Some(c.signed)),
            Cell::Day(c.expires),
            Cell::Text(c.file.clone()),
            Cell::Text(format!("{}–{}", c.pages[0], c.pages[1])),
            Cell::Text(c.state.clone()),
            text(&c.remark),
        ]
    });
    let head = ["Certificate", "Customers", "Zone", "Number", "Reason", "Signed", "Until", "File", "Pages", "State", "Remark"];
    sheet(book.add_worksheet(), "Certificates", &head, rows, &styles)?;
    let rows = data.invitations.iter().map(|i| {
        vec![
            Cell::Text(i.customer.clone()),
            text(&i.delivery),
            text(&i.recipient),
            Cell::Text(i.zones.join(", ")),
            Cell::Link(i.link.clone()),
            text(&i.email_status),
            Cell::Text(i.state.clone()),
            Cell::Text(i.why.clone()),
        ]
    });
    let head = ["Customer", "By", "To", "Asked for", "Link", "Mail", "State", "Why"];
    sheet(book.add_worksheet(), "Invitations", &head, rows, &styles)?;
    let rows = data.to_do.iter().map(|t| vec![Cell::Text(t.about.clone()), Cell::Text(t.what.clone())]);
    sheet(book.add_worksheet(), "To do", &["About", "What"], rows, &styles)?;
    let rows = data.problems.iter().map(|p| {
        vec![
            Cell::Text(p.severity.clone()),
            Cell::Text(p.kind.clone()),
            Cell::Number(p.row.map(f64::from)),
            text(&p.column),
            text(&p.value),
            Cell::Text(p.problem.clone()),
            text(&p.what_to_do),
        ]
    });
    let head = ["Severity", "Kind", "Row", "Column", "Value", "Problem", "What to do"];
    sheet(book.add_worksheet(), "Data problems", &head, rows, &styles)?;
    Ok(book.save_to_buffer()?)
}

fn summary(sheet: &mut Worksheet, data: &Data, styles: &Styles) -> Result<(), XlsxError> {
    sheet.set_name("Summary")?;
    let who = if data.merchant.is_empty() { &data.company } else { &data.merchant };
    sheet.write_string_with_format(0, 0, cut(&format!("Onboarding of {who}")), &styles.title)?;
    let f = &data.figures;
    let told = [
        ("Service", data.service.clone()),
        ("Company", data.company.clone()),
        ("Run", data.session.clone()),
        ("Started", data.started.clone().unwrap_or_default()),
        ("By", data.user.clone().unwrap_or_default()),
        ("Written to the service", if data.dry_run { "no: a dry run" } else { "yes" }.to_owned()),
    ];
    let mut row = 2;
    for (label, value) in told {
        sheet.write_string_with_format(row, 0, label, &styles.text)?;
        sheet.write_string_with_format(row, 1, cut(&value), &styles.text)?;
        row += 1;
    }
    row += 1;
    let (sent, linked) = match data.dry_run {
        true => ("Customers that would be sent", "Certificates that would be created and linked"),
        false => ("Customers sent", "Certificates created and linked"),
    };
    let counts = [
        ("Customers", f.customers),
        ("Exempt customers", f.exempt),
        (sent, f.customers_sent),
        ("Papers read", f.papers),
        (linked, f.certificates_linked),
        ("Invitations", f.invitations),
        ("of them links to pass on", f.invitation_links),
        ("Papers that wait for a person", f.papers_waiting),
        ("Files that can't be read", f.unreadable),
        ("Writes refused", f.writes_refused),
        ("Data problems", f.data_problems),
    ];
    for (label, count) in counts {
        sheet.write_string_with_format(row, 0, label, &styles.text)?;
        sheet.write_number(row, 1, count as f64)?;
        row += 1;
    }
    sheet.set_column_width(0, 36)?;
    sheet.set_column_width(1, 48)?;
    Ok(())
}

/// A cell holds so much and no more.
fn cut(text: &str) -> String {
    printable(text).chars().take(MAX_LETTERS).collect()
}

/// A sheet holds so many rows and no more.
const MAX_ROWS: usize = 1_048_575;

fn sheet(
    sheet: &mut Worksheet,
    name: &str,
    head: &[&str],
    rows: impl Iterator<Item = Vec<Cell>>,
    styles: &Styles,
) -> Result<(), XlsxError> {
    sheet.set_name(name)?;
    let mut widths: Vec<usize> = head.iter().map(|h| h.len()).collect();
    for (column, label) in (0u16..).zip(head) {
        sheet.write_string_with_format(0, column, *label, &styles.head)?;
    }
    let mut last = 0;
    for (row, cells) in (1u32..).zip(rows.take(MAX_ROWS)) {
        for (column, cell) in (0u16..).zip(cells) {
            let long = match &cell {
                Cell::Text(text) => text.chars().count(),
                Cell::Link(link) => link.as_ref().map_or(0, |l| l.chars().count()),
                Cell::Day(_) => 10,
                Cell::Number(_) => 8,
            };
            if let Some(width) = widths.get_mut(usize::from(column)) {
                *width = (*width).max(long);
            }
            match cell {
                Cell::Text(text) if !text.is_empty() => {
                    sheet.write_string_with_format(row, column, cut(&text), &styles.text)?;
                }
                Cell::Link(Some(link)) if link.starts_with("https://") && link.len() < 2000 => {
                    sheet.write_url(row, column, link.as_str())?;
                }
                Cell::Link(Some(link)) => {
                    sheet.write_string_with_format(row, column, cut(&link), &styles.text)?;
                }
                Cell::Day(Some(day)) => {
                    // Spreadsheets know no days before 1900; those stay text.
                    let (year, month, of_month) = (day.year(), day.month(), day.day());
                    let known = (1900..=9999).contains(&year);
                    let typed = ExcelDateTime::from_ymd(year.unsigned_abs(), month.unsigned_abs(), of_month.unsigned_abs());
                    match typed.ok().filter(|_| known) {
                        Some(typed) => sheet.write_datetime_with_format(row, column, &typed, &styles.day)?,
                        None => sheet.write_string_with_format(row, column, day.to_string(), &styles.text)?,
                    };
                }
                Cell::Number(Some(number)) => {
                    sheet.write_number(row, column, number)?;
                }
                _ => {}
            }
        }
        last = row;
    }
    for (column, width) in (0u16..).zip(widths) {
        sheet.set_column_width(column, (width as f64 + 2.0).clamp(8.0, 60.0))?;
    }
    sheet.set_freeze_panes(1, 0)?;
    let columns = u16::try_from(head.len()).unwrap_or(1);
    sheet.autofilter(0, 0, last, columns.saturating_sub(1))?;
    Ok(())
}
