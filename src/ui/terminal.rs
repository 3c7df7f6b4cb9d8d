//! Questions on a terminal.

use super::sanitize::printable;
use crate::ports::{Answer, AnswerSource, AskError, Prompter, Question, QuestionKind};
use console::Term;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, Select};
use serde_json::Value;

/// Asks on the controlling terminal (stderr), so that stdout stays free for results.
pub struct TerminalPrompter {
    theme: Box<dyn Theme + Send>,
    term: Term,
}

impl TerminalPrompter {
    pub fn new(colour: bool) -> Self {
        let theme: Box<dyn Theme + Send> = if colour { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) };
        Self { theme, term: Term::stderr() }
    }
}

impl Prompter for TerminalPrompter {
    fn ask(&mut self, question: &Question) -> Result<Answer, AskError> {
        let suggested = question.recommended.as_ref().map(|r| &r.value).or(question.default.as_ref());
        let text = printable(&question.text);
        let asked = match &question.kind {
            QuestionKind::Confirm => {
                let mut prompt = Confirm::with_theme(&*self.theme).with_prompt(text);
                if let Some(default) = suggested.and_then(Value::as_bool) {
                    prompt = prompt.default(default);
                }
                prompt.interact_on(&self.term).map(Value::Bool)
            }
            QuestionKind::Choice(choices) => {
                let labels: Vec<String> = choices.iter().map(|c| printable(&c.label)).collect();
                let first = suggested.and_then(Value::as_str).and_then(|v| choices.iter().position(|c| c.value == v)).unwrap_or(0);
                let prompt = Select::with_theme(&*self.theme).with_prompt(text).items(&labels).default(first).max_length(12);
                prompt.interact_on(&self.term).map(|i| choices.get(i).map_or(Value::Null, |c| Value::String(c.value.clone())))
            }
            QuestionKind::Text | QuestionKind::File | QuestionKind::Folder | QuestionKind::Number => {
                let kind = question.kind.clone();
                let mut prompt = Input::<String>::with_theme(&*self.theme).with_prompt(text);
                match suggested {
                    Some(Value::String(default)) => prompt = prompt.default(default.clone()),
                    Some(other) => prompt = prompt.default(other.to_string()),
                    None => {}
                }
                prompt = prompt.validate_with(move |typed: &String| crate::ports::check_text(&kind, typed));
                let typed = prompt.interact_text_on(&self.term);
                typed.map(|t| match question.kind {
                    QuestionKind::Number => t.trim().parse::<u64>().map_or(Value::String(t), Value::from),
                    _ => Value::String(t.trim().to_owned()),
                })
            }
        };
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
