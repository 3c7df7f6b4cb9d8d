//! Printing the wizard's blocks to stderr. Results go to stdout, by `out`.

use super::sanitize::printable;
use crate::ports::{Block, Screen};
use console::{Style, Term};
use std::io::Write;
use std::sync::Mutex;

/// Prints to stderr, with colour only where it is wanted.
pub struct Printer {
    width: usize,
    colour: bool,
    quiet: bool,
    out: Mutex<()>,
}

impl Printer {
    /// `colour` is decided once by the caller: a terminal, and no `NO_COLOR`.
    pub fn new(colour: bool, quiet: bool) -> Self {
        let width = Term::stderr().size_checked().map_or(100, |(_, columns)| usize::from(columns)).clamp(40, 160);
        Self { width, colour, quiet, out: Mutex::new(()) }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        style.force_styling(self.colour).apply_to(text).to_string()
    }

    fn line(&self, text: &str) {
        let _guard = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A closed stderr is no reason to stop a run.
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// Wraps to the terminal's width, with the first line behind `sign` and the others under it.
    fn wrapped(&self, sign: &str, text: &str) -> String {
        let room = self.width.saturating_sub(4).max(20);
        let (mut lines, mut line) = (Vec::new(), String::new());
        for word in printable(text).split_whitespace() {
            if !line.is_empty() && console::measure_text_width(&line) + 1 + console::measure_text_width(word) > room {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
        format!("  {sign} {}", lines.join("\n    "))
    }

    fn table(&self, title: &str, head: &[String], rows: &[Vec<String>], note: Option<&str>) {
        use comfy_table::{ContentArrangement, Table, presets};
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(self.width.saturating_sub(2)).unwrap_or(100));
        table.set_header(head.iter().map(|h| printable(h)));
        for row in rows {
            table.add_row(row.iter().map(|cell| printable(cell)));
        }
        self.line(&format!("\n  {}", self.paint(Style::new().bold(), &printable(title))));
        for line in table.to_string().lines() {
            self.line(&format!("  {line}"));
        }
        if let Some(note) = note {
            self.line(&self.wrapped(" ", note));
        }
    }
}

/// A table without a frame, for stdout: what other programs cut into columns, and what fits any window.
pub fn columns(head: &[&str], rows: &[Vec<String>]) -> String {
    let cell = |text: &str| printable(text);
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|c| cell(c)).collect()).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|c| console::measure_text_width(c));
        cells.chain([console::measure_text_width(head[at])]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(c, w)| format!("{c}{}", " ".repeat(w.saturating_sub(console::measure_text_width(c)))));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(head.to_vec())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}

impl Screen for Printer {
    fn show(&self, block: Block) {
        if self.quiet && !matches!(block, Block::Warn(_)) {
            return;
        }
        match block {
            Block::Step { number, of, title } => {
                let title = printable(&title);
                self.line(&format!("\n{}", self.paint(Style::new().bold().cyan(), &format!("[{number}/{of}] {title}"))));
            }
            Block::Say(text) => self.line(&self.wrapped(" ", &text)),
            Block::Good(text) => self.line(&self.wrapped(&self.paint(Style::new().green(), "✓"), &text)),
            Block::Warn(text) => self.line(&self.wrapped(&self.paint(Style::new().yellow(), "!"), &text)),
            Block::Table { title, head, rows, note } => self.table(&title, &head, &rows, note.as_deref()),
            Block::Recommend { what, reasons } => {
                let text = match reasons.is_empty() {
                    true => format!("Recommended: {what}"),
                    false => format!("Recommended: {what}, because {}", reasons.join("; ")),
                };
                self.line(&self.wrapped(&self.paint(Style::new().cyan(), "→"), &text));
            }
        }
    }
}
