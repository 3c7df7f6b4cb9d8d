//! Printing the wizard's blocks to stderr. Results go to stdout, by `out`.

use crate::domain::printable;
use crate::ports::{Block, Screen};
use console::{Style, Term};
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// What stands before a line. The sign alone tells it too, where there is no colour.
#[derive(Clone, Copy)]
enum Sign {
    Good,
    Warn,
    Recommended,
}

/// Prints to stderr, with colour only where it is wanted.
pub struct Printer {
    width: usize,
    colour: bool,
    quiet: bool,
    /// Was it said what the signs mean?
    explained: AtomicBool,
    out: Mutex<()>,
}

impl Printer {
    /// `colour` is decided once by the caller: a terminal, and no `NO_COLOR`.
    pub fn new(colour: bool, quiet: bool) -> Self {
        let width = Term::stderr().size_checked().map_or(100, |(_, columns)| usize::from(columns)).clamp(40, 160);
        Self { width, colour, quiet, explained: AtomicBool::new(false), out: Mutex::new(()) }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        style.force_styling(self.colour).apply_to(text).to_string()
    }

    fn sign(&self, sign: Sign) -> String {
        let (sign, style) = match sign {
            Sign::Good => ("✓", Style::new().green()),
            Sign::Warn => ("!", Style::new().yellow()),
            Sign::Recommended => ("→", Style::new().cyan()),
        };
        self.paint(style, sign)
    }

    /// What the signs and their colours mean; once, before the first step.
    fn legend(&self) {
        if !self.explained.swap(true, Ordering::Relaxed) {
            let signs = [(Sign::Good, "done or in order"), (Sign::Warn, "needs a look"), (Sign::Recommended, "recommended, and why")];
            let signs = signs.map(|(sign, meaning)| format!("{} {}", self.sign(sign), self.paint(Style::new().dim(), meaning)));
            let one_line = signs.join("   ");
            match console::measure_text_width(&one_line) + 2 <= self.width {
                true => self.line(&format!("  {one_line}")),
                false => signs.iter().for_each(|sign| self.line(&format!("  {sign}"))),
            }
        }
    }

    fn line(&self, text: &str) {
        let _guard = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A closed stderr is no reason to stop a run.
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// Wraps to the terminal's width, with the first line behind `sign` and the others under it.
    fn wrapped(&self, sign: &str, text: &str) -> String {
        let lines = wrapped(&printable(text), self.width.saturating_sub(4).max(20));
        format!("  {sign} {}", lines.join("\n    "))
    }

    /// Each row under the other, for a window in which columns would be slivers.
    fn list(&self, head: &[String], rows: &[Vec<String>]) {
        let label = head.iter().map(|h| console::measure_text_width(&printable(h))).max().unwrap_or(0).min(self.width * 2 / 5);
        for row in rows {
            self.line("");
            for (head, cell) in head.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
                let room = self.width.saturating_sub(label + 6).max(20);
                let head = console::truncate_str(&printable(head), label, "…").into_owned();
                let head = console::pad_str(&head, label, console::Alignment::Left, None).into_owned();
                let gap = format!("\n    {}", " ".repeat(label));
                self.line(&format!("  {}  {}", self.paint(Style::new().dim(), &head), wrapped(&printable(cell), room).join(&gap)));
            }
        }
    }

    fn table(&self, title: &str, head: &[String], rows: &[Vec<String>], note: Option<&str>) {
        // Columns that a word fits into.
        const COLUMN: usize = 12;
        if head.len() * COLUMN > self.width {
            self.line(&format!("\n  {}", self.paint(Style::new().bold(), &printable(title))));
            self.list(head, rows);
            if let Some(note) = note {
                self.line(&self.wrapped(" ", note));
            }
            return;
        }
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

/// Lines of at most `room` columns, broken between words; a word that is longer has a line of its own.
pub(super) fn wrapped(text: &str, room: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && console::measure_text_width(&line) + 1 + console::measure_text_width(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Where the values stand in the short texts on stdout: `Customers     86 (38 exempt)`.
const LABEL: usize = 14;

/// A text for stdout with its lines broken to fit the window, values under values. Unchanged where stdout is no window.
pub fn folded(text: &str) -> String {
    match window() {
        Some((_, columns)) => text.lines().map(|line| fold(line, columns)).collect::<Vec<_>>().join("\n"),
        None => text.to_owned(),
    }
}

fn fold(line: &str, columns: usize) -> String {
    let labelled =
        line.is_char_boundary(LABEL) && line[..LABEL.min(line.len())].ends_with("  ") && line.len() > LABEL && !line.starts_with(' ');
    let (label, value) = if labelled { line.split_at(LABEL) } else { ("", line) };
    if console::measure_text_width(line) <= columns || (!labelled && line.starts_with(' ')) || value.contains("  ") {
        return line.to_owned();
    }
    let gap = format!("\n{}", " ".repeat(label.len()));
    // A command stays in one piece, so that it can be copied.
    if let Some((before, command)) = value.split_once(": certonboard ") {
        return format!("{label}{}:{gap}certonboard {command}", wrapped(before, columns.saturating_sub(label.len()).max(20)).join(&gap));
    }
    format!("{label}{}", wrapped(value, columns.saturating_sub(label.len()).max(20)).join(&gap))
}

/// Rows and columns of the window that stdout goes to; `None` where it goes elsewhere.
pub fn window() -> Option<(usize, usize)> {
    let term = Term::stdout();
    let size = term.is_term().then(|| term.size_checked()).flatten();
    size.map(|(rows, columns)| (usize::from(rows), usize::from(columns)))
}

/// A table without a frame, for stdout: what other programs cut into columns. In a window that is too narrow for it cells go on in further lines.
pub fn columns(head: &[&str], rows: &[Vec<String>]) -> String {
    fitted(head, rows, window().map(|(_, columns)| columns))
}

fn fitted(head: &[&str], rows: &[Vec<String>], window: Option<usize>) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|c| printable(c)).collect()).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|c| console::measure_text_width(c));
        cells.chain([console::measure_text_width(head[at])]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    if let Some(window) = window.filter(|w| widths.iter().sum::<usize>() + 2 * head.len().saturating_sub(1) > *w) {
        use comfy_table::{ContentArrangement, Table, presets};
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(window.max(40)).unwrap_or(u16::MAX));
        table.set_header(head.to_vec());
        rows.iter().for_each(|row| {
            table.add_row(row);
        });
        return table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n");
    }
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
                self.legend();
                let title = printable(&title);
                self.line(&format!("\n{}", self.paint(Style::new().bold().cyan(), &format!("[{number}/{of}] {title}"))));
            }
            Block::Say(text) => self.line(&self.wrapped(" ", &text)),
            Block::Good(text) => self.line(&self.wrapped(&self.sign(Sign::Good), &text)),
            Block::Warn(text) => self.line(&self.wrapped(&self.sign(Sign::Warn), &text)),
            Block::Table { title, head, rows, note } => self.table(&title, &head, &rows, note.as_deref()),
            Block::Recommend { what, reasons } => {
                let text = match reasons.is_empty() {
                    true => format!("Recommended: {what}"),
                    false => format!("Recommended: {what}, because {}", reasons.join("; ")),
                };
                self.line(&self.wrapped(&self.sign(Sign::Recommended), &text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fitted, fold};

    #[test]
    fn a_long_line_goes_on_under_its_value() {
        let line = "Papers        2 read: 1 accepted, 0 for review, 1 can't be used";
        assert_eq!(fold(line, 40), "Papers        2 read: 1 accepted, 0 for\n              review, 1 can't be used");
        assert_eq!(fold(line, 80), line);
        // Columns stay columns, and code stays code.
        for kept in [
            "C-1  Blue Heron  Dayton  a long reason that goes over the edge of this window",
            "    indented text that is longer than the window is wide",
        ] {
            assert_eq!(fold(kept, 40), kept);
        }
    }

    #[test]
    fn a_table_fits_its_window_and_is_plain_elsewhere() {
        let rows = vec![vec!["C-1".to_owned(), "a reason of many words that fills more than one line of a window".to_owned()]];
        assert_eq!(fitted(&["CODE", "WHY"], &rows, None).lines().count(), 2);
        let narrow = fitted(&["CODE", "WHY"], &rows, Some(40));
        assert!(narrow.lines().all(|line| console::measure_text_width(line) <= 40), "{narrow}");
        let words: Vec<&str> = narrow.split_whitespace().collect();
        assert_eq!(words.join(" "), format!("CODE WHY C-1 {}", rows[0][1]));
    }
}
