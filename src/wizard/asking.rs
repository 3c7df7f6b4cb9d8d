//! One way to an answer: what was said before in this run, then what was supplied, then the person, then the default. The same check
//! serves all of them, and every answer goes to the journal with what had been recommended.

use crate::ports::{
    Answer, AnswerRecord, AnswerSource, AskError, Block, Choice, Clock, JournalStore, Prompter, Question, QuestionKind, Recommendation,
    Screen, check_text,
};
use crate::wizard::WizardError;
use serde_json::Value;

/// Finds the answers to questions.
pub struct Asker<'a> {
    pub journal: &'a dyn JournalStore,
    pub clock: &'a dyn Clock,
    pub screen: &'a dyn Screen,
    /// Flags over environment over answers file, in the shape of the answers file.
    pub supplied: Value,
    /// What a resumed run was given now: it beats what was answered before.
    pub supplied_now: Value,
    /// `--yes`: confirmations are yes, choices are what is recommended.
    pub yes: bool,
    /// `--yes` for this process, and not only when the run began.
    pub yes_now: bool,
    /// `None` without a terminal.
    pub person: Option<Box<dyn Prompter>>,
}

impl Asker<'_> {
    /// The supplied value at a key (`customers.sheet`), for what is not asked as a question.
    pub fn supplied(&self, key: &str) -> Option<&Value> {
        let pointer = format!("/{}", key.replace('.', "/"));
        [&self.supplied_now, &self.supplied].iter().find_map(|v| v.pointer(&pointer)).filter(|v| !v.is_null())
    }

    pub fn is_interactive(&self) -> bool {
        self.person.is_some()
    }

    pub fn ask(&mut self, question: &Question) -> Result<Answer, WizardError> {
        self.find(question, true)
    }

    /// `remembered`: what was answered before in this run counts.
    fn find(&mut self, question: &Question, remembered: bool) -> Result<Answer, WizardError> {
        if let Some(recommended) = &question.recommended {
            let what = describe(question, &recommended.value);
            self.screen.show(Block::Recommend { what, reasons: recommended.reasons.clone() });
        }
        // A no that was said before is asked again: somebody who resumes a declined run wants it to go on.
        let before = self.journal.answer(&question.key)?.filter(|v| remembered && *v != Value::Bool(false));
        let now = self.supplied_now.pointer(&format!("/{}", question.key.replace('.', "/"))).is_some_and(|v| !v.is_null());
        let answer = match (before.filter(|_| !now), self.supplied(&question.key)) {
            (Some(value), _) => Answer { value, source: AnswerSource::Journal },
            (None, Some(value)) => Answer { value: value.clone(), source: AnswerSource::Supplied },
            // `--yes` has no answer to some questions; a person who is there can give one.
            (None, None) if self.yes => match (self.without_a_person(question), &mut self.person) {
                (Err(WizardError::Ask(AskError::Unanswered { .. })), Some(person)) => person.ask(question)?,
                (answer, _) => answer?,
            },
            (None, None) => match &mut self.person {
                Some(person) => person.ask(question)?,
                None => self.without_a_person(question)?,
            },
        };
        check(question, &answer.value).map_err(|why| AskError::Invalid {
            key: question.key.clone(),
            why,
            example: question.example.clone(),
        })?;
        let answer = match (&question.kind, answer.value.as_str()) {
            // A run may be resumed from another folder.
            (QuestionKind::File | QuestionKind::Folder, Some(path)) => {
                let whole = std::path::absolute(path).ok().and_then(|p| p.to_str().map(str::to_owned));
                Answer { value: whole.map_or(answer.value.clone(), Value::from), source: answer.source }
            }
            _ => answer,
        };
        if !matches!(answer.source, AnswerSource::Person) {
            let told = describe(question, &answer.value);
            let source = match answer.source {
                AnswerSource::Journal => "answered before",
                AnswerSource::Yes => "--yes",
                AnswerSource::Default => "default",
                _ => "supplied",
            };
            self.screen.show(Block::Say(format!("{} {told} ({source})", question.text)));
        }
        self.record(question, &answer)?;
        Ok(answer)
    }

    fn record(&self, question: &Question, answer: &Answer) -> Result<(), WizardError> {
        self.journal.record_answer(&AnswerRecord {
            key: question.key.clone(),
            value: answer.value.clone(),
            source: answer.source,
            recommended: question.recommended.as_ref().map(|r| r.value.clone()),
            reasons: question.recommended.as_ref().map(|r| r.reasons.clone()).unwrap_or_default(),
            at: self.clock.now(),
        })?;
        Ok(())
    }

    /// Records what was settled without a question of its own, so that a recorded run can be replayed.
    pub(super) fn keep(&self, key: &str, value: Value) -> Result<(), WizardError> {
        if self.journal.answer(key)?.as_ref() == Some(&value) {
            return Ok(());
        }
        self.journal.record_answer(&AnswerRecord {
            key: key.to_owned(),
            value,
            source: AnswerSource::Supplied,
            recommended: None,
            reasons: Vec::new(),
            at: self.clock.now(),
        })?;
        Ok(())
    }

    fn without_a_person(&self, question: &Question) -> Result<Answer, WizardError> {
        let yes = |value: Value| Ok(Answer { value, source: AnswerSource::Yes });
        if self.yes {
            match (&question.kind, &question.recommended) {
                (QuestionKind::Confirm, _) => return yes(Value::Bool(true)),
                (_, Some(recommended)) => return yes(recommended.value.clone()),
                _ => {}
            }
        }
        match (&question.default, question.required && !self.yes) {
            (Some(value), false) => Ok(Answer { value: value.clone(), source: AnswerSource::Default }),
            _ => Err(WizardError::Ask(AskError::Unanswered {
                key: question.key.clone(),
                meaning: question.meaning.clone(),
                example: question.example.clone(),
            })),
        }
    }

    pub fn confirm(&mut self, question: &Question) -> Result<bool, WizardError> {
        Ok(self.ask(question)?.value.as_bool().unwrap_or(false))
    }

    /// Like [`Asker::confirm`], for a plan that is now shown: a yes of earlier in this run was said to another one. `first`: the run
    /// has come to this gate for the first time, which what was given when it began may answer; later only what was given now counts.
    pub fn confirm_plan(&mut self, question: &Question, first: bool) -> Result<bool, WizardError> {
        if first {
            return Ok(self.find(question, false)?.value.as_bool().unwrap_or(false));
        }
        let began_with = (std::mem::take(&mut self.supplied), std::mem::replace(&mut self.yes, self.yes_now));
        let answer = self.find(question, false);
        (self.supplied, self.yes) = began_with;
        Ok(answer?.value.as_bool().unwrap_or(false))
    }

    pub fn text(&mut self, question: &Question) -> Result<String, WizardError> {
        Ok(as_text(&self.ask(question)?.value))
    }

    /// Asks the person even where an earlier answer is known: after a correction.
    pub fn confirm_anew(&mut self, question: &Question) -> Result<bool, WizardError> {
        let Some(person) = &mut self.person else { return self.confirm(question) };
        let answer = person.ask(question)?;
        self.record(question, &answer)?;
        Ok(answer.value.as_bool().unwrap_or(false))
    }

    /// Asks the person even where an earlier answer is known: for corrections.
    pub fn text_anew(&mut self, question: &Question) -> Result<String, WizardError> {
        let Some(person) = &mut self.person else { return self.text(question) };
        let answer = person.ask(question)?;
        self.record(question, &answer)?;
        Ok(as_text(&answer.value))
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The check for an answer from anywhere.
fn check(question: &Question, value: &Value) -> Result<(), String> {
    match &question.kind {
        QuestionKind::Confirm if value.is_boolean() => Ok(()),
        QuestionKind::Confirm => Err(format!("`{}` is neither true nor false", as_text(value))),
        QuestionKind::Choice(choices) => match choices.iter().any(|c| Value::String(c.value.clone()) == *value) {
            true => Ok(()),
            false => {
                let known: Vec<&str> = choices.iter().map(|c| c.value.as_str()).take(20).collect();
                Err(format!("`{}` is none of: {}", as_text(value), known.join(", ")))
            }
        },
        kind => check_text(kind, &as_text(value)),
    }
}

fn describe(question: &Question, value: &Value) -> String {
    match (&question.kind, value) {
        (_, Value::Bool(true)) => "yes".to_owned(),
        (_, Value::Bool(false)) => "no".to_owned(),
        (QuestionKind::Choice(choices), Value::String(v)) => choices.iter().find(|c| c.value == *v).map_or(v.clone(), |c| c.label.clone()),
        (_, other) => as_text(other),
    }
}

/// A yes-or-no question that must be answered.
pub(super) fn confirm(key: &str, text: impl Into<String>, meaning: &str, recommended: Recommendation) -> Question {
    Question {
        key: key.to_owned(),
        text: text.into(),
        meaning: meaning.to_owned(),
        example: example(key, "true"),
        kind: QuestionKind::Confirm,
        default: None,
        recommended: Some(recommended),
        required: true,
    }
}

/// `a.b` and a value as YAML that can be pasted into the answers file.
pub(super) fn example(key: &str, value: &str) -> String {
    match key.split_once('.') {
        Some((section, rest)) => format!("{section}: {{ {rest}: {value} }}"),
        None => format!("{key}: {value}"),
    }
}

pub(super) fn recommend(value: impl Into<Value>, reasons: impl IntoIterator<Item = String>) -> Recommendation {
    Recommendation { value: value.into(), reasons: reasons.into_iter().collect() }
}

pub(super) fn choice(value: impl Into<String>, label: impl Into<String>) -> Choice {
    Choice { value: value.into(), label: label.into() }
}
