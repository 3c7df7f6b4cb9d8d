//! Questions on a terminal.

use super::screen::wrapped;
use crate::domain::printable;
use crate::ports::{Answer, AnswerSource, AskError, Prompter, Question, QuestionKind};
use console::Term;
use dialoguer::theme::{ColorfulTheme, Theme};
use dialoguer::{Confirm, Input, Select};
use serde_json::Value;
use std::fmt;

/// The questions end in a mark of their own, so nothing is put behind them.
struct Plain;

impl Theme for Plain {
    fn format_prompt(&self, f: &mut dyn fmt::Write, prompt: &str) -> fmt::Result {
        f.write_str(prompt)
    }

    fn format_input_prompt(&self, f: &mut dyn fmt::Write, prompt: &str, default: Option<&str>) -> fmt::Result {
        let gap = if prompt.is_empty() { "" } else { " " };
        match default {
            Some(default) => write!(f, "{prompt}{gap}[{default}] "),
            None => write!(f, "{prompt}{gap}"),
        }
    }

    fn format_input_prompt_selection(&self, f: &mut dyn fmt::Write, prompt: &str, chosen: &str) -> fmt::Result {
        write!(f, "{prompt} {chosen}")
    }
}

/// Asks on the controlling terminal (stderr), so that stdout stays free for results.
pub struct TerminalPrompter {
    theme: Box<dyn Theme + Send>,
    term: Term,
}

impl TerminalPrompter {
    pub fn new(colour: bool) -> Self {
        let theme: Box<dyn Theme + Send> = if colour { Box::new(ColorfulTheme::default()) } else { Box::new(Plain) };
        Self { theme, term: Term::stderr() }
    }

    /// The question as the prompt of its line, or nothing where it does not fit into one line together with `beside` more columns; then it is
    /// written above. A prompt that runs over the edge is not cleared rightly when it is drawn again.
    fn prompt(&self, text: &str, beside: usize) -> std::io::Result<String> {
        // Room for the marks of the theme.
        const MARKS: usize = 6;
        let width = usize::from(self.term.size().1);
        if console::measure_text_width(text) + beside + MARKS <= width {
            return Ok(text.to_owned());
        }
        for line in wrapped(text, width.saturating_sub(1).max(20)) {
            self.term.write_line(&line)?;
        }
        Ok(String::new())
    }

    fn choose(&self, text: &str, labels: &[String], first: usize) -> Result<usize, dialoguer::Error> {
        let width = usize::from(self.term.size().1);
        let longest = labels.iter().map(|l| console::measure_text_width(l)).max().unwrap_or(0);
        let prompt = self.prompt(text, longest)?;
        let room = width.saturating_sub(6).max(20);
        if longest > room {
            // What is too long for its line in the list to choose from stands in full above.
            for label in labels.iter().filter(|l| console::measure_text_width(l) > room) {
                for (n, line) in wrapped(label, room).iter().enumerate() {
                    self.term.write_line(&format!("  {} {line}", if n == 0 { "–" } else { " " }))?;
                }
            }
        }
        let short = |label: &String| console::truncate_str(label, room, "…").into_owned();
        let shown: Vec<String> = labels.iter().map(short).collect();
        let select = Select::with_theme(&*self.theme).items(&shown).default(first).max_length(12);
        if !prompt.is_empty() {
            return select.with_prompt(prompt).interact_on(&self.term);
        }
        let chosen = select.interact_on(&self.term)?;
        for line in wrapped(labels.get(chosen).map_or("", String::as_str), width.saturating_sub(3).max(20)) {
            self.term.write_line(&format!("  {line}"))?;
        }
        Ok(chosen)
    }
}

impl Prompter for TerminalPrompter {
    fn ask(&mut self, question: &Question) -> Result<Answer, AskError> {
        let suggested = question.recommended.as_ref().map(|r| &r.value).or(question.default.as_ref());
        let text = printable(&question.text);
        let asked: Result<Value, dialoguer::Error> = (|| match &question.kind {
            QuestionKind::Confirm => {
                let mut prompt = Confirm::with_theme(&*self.theme).with_prompt(self.prompt(&text, 5)?);
                if let Some(default) = suggested.and_then(Value::as_bool) {
                    prompt = prompt.default(default);
                }
                prompt.interact_on(&self.term).map(Value::Bool)
            }
            QuestionKind::Choice(choices) => {
                let labels: Vec<String> = choices.iter().map(|c| printable(&c.label)).collect();
                let first = suggested.and_then(Value::as_str).and_then(|v| choices.iter().position(|c| c.value == v)).unwrap_or(0);
                let chosen = self.choose(&text, &labels, first)?;
                Ok(choices.get(chosen).map_or(Value::Null, |c| Value::String(c.value.clone())))
            }
            QuestionKind::Text | QuestionKind::File | QuestionKind::Folder | QuestionKind::Number => {
                let kind = question.kind.clone();
                // The prompt shows it as it is, so what can't be shown is not offered.
                let default = suggested.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                let default = default.filter(|default| printable(default) == *default);
                // A name or a path is some thirty letters long.
                let beside = 30 + default.as_ref().map_or(0, |d| console::measure_text_width(d) + 3);
                let mut prompt = Input::<String>::with_theme(&*self.theme).with_prompt(self.prompt(&text, beside)?);
                if let Some(default) = default {
                    prompt = prompt.default(default);
                }
                prompt = prompt.validate_with(move |typed: &String| crate::ports::check_text(&kind, typed).map_err(|why| printable(&why)));
                let typed = prompt.interact_text_on(&self.term);
                typed.map(|t| match question.kind {
                    QuestionKind::Number => t.trim().parse::<u64>().map_or(Value::String(t), Value::from),
                    _ => Value::String(t.trim().to_owned()),
                })
            }
        })();
        match asked {
            Ok(value) => Ok(Answer { value, source: AnswerSource::Person }),
            Err(dialoguer::Error::IO(error)) => {
                // A prompt that was left hides the cursor.
                let _ = self.term.show_cursor();
                match error.kind() {
                    std::io::ErrorKind::Interrupted => Err(AskError::Interrupted { key: question.key.clone() }),
                    _ => Err(AskError::Terminal(error.to_string())),
                }
            }
        }
    }
}

/// Asks for a secret without showing it.
pub fn ask_secret(text: &str) -> std::io::Result<String> {
    let term = Term::stderr();
    term.write_str(&format!("{text}: "))?;
    term.read_secure_line()
}

/// Asks for a line of text.
pub fn ask_line(text: &str) -> std::io::Result<String> {
    let term = Term::stderr();
    term.write_str(&format!("{text}: "))?;
    term.read_line()
}
