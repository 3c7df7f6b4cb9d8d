//! SpreadsheetML 2003: one XML file with Excel's own words, which NetSuite and others write under the name `.xls`.
//! The words are those of Microsoft's "XML Spreadsheet Reference" (Office XP and 2003).

use super::encoding::{Utf8, detect_declared};
use super::formats::Shown;
use super::workbook::Builder;
use super::xml::{Xml, add_text, attribute, date, digits, number};
use super::{OpenOptions, Picked, SpreadsheetError};
use crate::domain::{Cell, Grid};
use quick_xml::events::{BytesStart, Event};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub(super) fn read(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    let io = |error: io::Error| SpreadsheetError::Io { path: path.to_owned(), reason: SpreadsheetError::one_line(error) };
    let detected = detect_declared(path).map_err(io)?;
    let text = Utf8::new(File::open(path).map_err(io)?, &detected).map_err(io)?;
    let mut xml = Xml::new(path, text, &options.limits);
    let mut picked = Picked::new(path, options);
    let mut styles = HashMap::new();
    loop {
        match xml.next()? {
            Event::Eof => return picked.finish(),
            Event::Start(element) => match element.local_name().as_ref() {
                "Style" => {
                    let id = attribute(&element, "ID").unwrap_or_default().into_owned();
                    if let Some(shown) = style(&mut xml)? {
                        styles.insert(id, shown);
                    }
                }
                "Worksheet" => {
                    let name = attribute(&element, "Name").unwrap_or_default().into_owned();
                    if picked.wants(&name)? {
                        let grid = worksheet(&mut xml, &name, &styles, options, path)?;
                        picked.add(grid)?;
                    } else {
                        xml.skip()?;
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
}

fn style<R: Read>(xml: &mut Xml<'_, R>) -> Result<Option<Shown>, SpreadsheetError> {
    let inside = xml.depth();
    let mut shown = None;
    while xml.depth() >= inside {
        if let Event::Start(element) = xml.next()?
            && element.local_name().as_ref() == "NumberFormat"
            && let Some(format) = attribute(&element, "Format")
        {
            shown = Shown::of(0, Some(&format));
        }
    }
    Ok(shown)
}

fn worksheet<R: Read>(
    xml: &mut Xml<'_, R>,
    name: &str,
    styles: &HashMap<String, Shown>,
    options: &OpenOptions,
    path: &Path,
) -> Result<Grid, SpreadsheetError> {
    let inside = xml.depth();
    let mut builder = Builder::new(path, name, false, &options.limits);
    let mut hidden = false;
    // Where the next row and cell stand, counted from 0.
    let (mut row, mut next_row, mut next_column) = (0u32, 0u32, 0u32);
    while xml.depth() >= inside {
        let Event::Start(element) = xml.next()? else { continue };
        match element.local_name().as_ref() {
            "Row" => {
                row = number(&element, "Index").map_or(next_row, |at| at.saturating_sub(1));
                next_row = row.saturating_add(1).saturating_add(number(&element, "Span").unwrap_or(0));
                next_column = 0;
            }
            "Cell" => {
                let column = number(&element, "Index").map_or(next_column, |at| at.saturating_sub(1));
                next_column = column.saturating_add(1).saturating_add(number(&element, "MergeAcross").unwrap_or(0));
                let shown = attribute(&element, "StyleID").and_then(|id| styles.get(&*id));
                cell(xml, row, column, shown, &mut builder)?;
            }
            "Visible" => {
                let mut text = String::new();
                let inner = xml.depth();
                while xml.depth() >= inner {
                    add_text(&xml.next()?, &mut text);
                }
                hidden = text.trim() != "SheetVisible";
            }
            _ => {}
        }
    }
    let mut grid = builder.finish()?;
    grid.hidden = hidden;
    Ok(grid)
}

/// The inside of a cell. Only its own `Data` counts: a comment holds one too.
fn cell<R: Read>(
    xml: &mut Xml<'_, R>,
    row: u32,
    column: u32,
    shown: Option<&Shown>,
    builder: &mut Builder<'_>,
) -> Result<(), SpreadsheetError> {
    let inside = xml.depth();
    while xml.depth() >= inside {
        let Event::Start(element) = xml.next()? else { continue };
        if element.local_name().as_ref() != "Data" {
            xml.skip()?;
            continue;
        }
        let kind = Kind::of(&element);
        let inner = xml.depth();
        let mut text = String::new();
        while xml.depth() >= inner {
            // The text may be in pieces, each with its own font.
            add_text(&xml.next()?, &mut text);
            xml.check(&text)?;
        }
        put(kind, &text, row, column, shown, builder)?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Date,
    Bool,
    Error,
}

impl Kind {
    fn of(element: &BytesStart<'_>) -> Self {
        match attribute(element, "Type").as_deref() {
            Some("Number") => Kind::Number,
            Some("DateTime") => Kind::Date,
            Some("Boolean") => Kind::Bool,
            Some("Error") => Kind::Error,
            _ => Kind::Text,
        }
    }
}

fn put(kind: Kind, text: &str, row: u32, column: u32, shown: Option<&Shown>, builder: &mut Builder<'_>) -> Result<(), SpreadsheetError> {
    match kind {
        Kind::Date => builder.push(row, column, Cell::Date(date(text)))?,
        Kind::Bool => builder.push(row, column, Cell::Bool(matches!(text.trim(), "1" | "true" | "TRUE")))?,
        Kind::Error => builder.push(row, column, Cell::Error(text.trim()))?,
        Kind::Text => builder.push(row, column, Cell::Text(text))?,
        Kind::Number => match (digits(text), shown, text.trim().parse::<f64>()) {
            (Some(_), Some(Shown::Zeros(mask)), Ok(value)) if mask.fits(value) => {
                builder.push(row, column, Cell::Text(&mask.show(value)))?
            }
            (Some(_), Some(Shown::Date), Ok(value)) => builder.push_serial(row, column, value, false)?,
            (Some(number), ..) => builder.push(row, column, Cell::Number(&number))?,
            (None, ..) => builder.push(row, column, Cell::Text(text))?,
        },
    };
    Ok(())
}
