//! Asks the person at the client: by a question of the protocol's own (elicitation), in whichever of its two forms the client speaks.

use super::Context;
use rmcp::ErrorData;
use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitationAction, ElicitationSchema, InputRequest, InputRequests, InputRequiredResult,
    InputResponses, ProtocolVersion,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A question that nobody answered for so long is forgotten.
const KEPT: Duration = Duration::from_secs(3600);
const MOST_OPEN: usize = 100;
const KEY: &str = "approval";

/// What a person is asked.
pub struct Question {
    /// What exactly a yes is for. An answer to another question is none to this one.
    pub about: String,
    pub text: String,
}

pub enum Asked {
    /// Yes; through which agent.
    Yes(String),
    No,
    /// The client can't ask.
    CannotAsk,
    /// The client asks, and calls again.
    Later(InputRequiredResult),
}

/// Questions on their way, by a name that can't be guessed.
#[derive(Default)]
pub struct Open(Mutex<HashMap<String, (String, Instant)>>);

/// The client's own name, as it gave it.
pub fn agent(context: &Context) -> String {
    let name = context.client_info().map_or_else(|| "unknown client".to_owned(), |info| format!("{} {}", info.name, info.version));
    certonboard::ui::printable(&name).chars().take(100).collect()
}

fn form(text: &str) -> Result<ElicitRequestParams, ErrorData> {
    let schema = json!({
        "type": "object",
        "properties": { "approve": { "type": "boolean", "title": "Approve", "description": "Yes, do exactly this" } },
        "required": ["approve"],
    });
    let requested_schema: ElicitationSchema = serde_json::from_value(schema).map_err(|e| ErrorData::internal_error(e.to_string(), None))?;
    Ok(ElicitRequestParams::FormElicitationParams { meta: None, message: text.to_owned(), requested_schema })
}

/// Only a clear yes is one.
fn is_yes(action: &Value, content: Option<&Value>) -> bool {
    action == "accept" && content.and_then(|content| content.get("approve")) == Some(&Value::Bool(true))
}

impl Open {
    fn remember(&self, about: &str) -> Result<String, ErrorData> {
        let mut salt = [0u8; 16];
        getrandom::fill(&mut salt).map_err(|e| ErrorData::internal_error(e.to_string(), None))?;
        let name: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, (_, at)| at.elapsed() < KEPT);
        if open.len() >= MOST_OPEN {
            return Err(ErrorData::internal_error("too many questions wait for an answer", None));
        }
        open.insert(name.clone(), (about.to_owned(), Instant::now()));
        Ok(name)
    }

    /// A question is answered once.
    fn answered(&self, name: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name).map(|(about, _)| about)
    }

    /// Asks. `state` and `answers` are those of a second call, in which the client brings the answer.
    pub async fn ask(
        &self,
        context: &Context,
        question: Question,
        state: Option<String>,
        answers: Option<InputResponses>,
    ) -> Result<Asked, ErrorData> {
        if let (Some(state), Some(answers)) = (state, answers) {
            let answer = answers.get(KEY).cloned().unwrap_or_default();
            // The plan may have changed while the person read; then it is asked again.
            if self.answered(&state).is_some_and(|about| about == question.about) {
                let yes = is_yes(&answer["action"], answer.get("content"));
                return Ok(if yes { Asked::Yes(agent(context)) } else { Asked::No });
            }
        }
        let asks = context.client_capabilities().and_then(|can| can.elicitation).is_some_and(|how| how.form.is_some() || how.url.is_none());
        if !asks {
            return Ok(Asked::CannotAsk);
        }
        if context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28) {
            let request = InputRequest::Elicitation(ElicitRequest::new(form(&question.text)?));
            let requests = InputRequests::from([(KEY.to_owned(), request)]);
            return Ok(Asked::Later(InputRequiredResult::new(Some(requests), Some(self.remember(&question.about)?))));
        }
        let answer = tokio::select! {
            answer = context.peer.create_elicitation(form(&question.text)?) => answer,
            () = context.ct.cancelled() => return Ok(Asked::No),
        };
        let answer = answer.map_err(|e| ErrorData::internal_error(format!("the person can't be asked: {e}"), None))?;
        let action = if answer.action == ElicitationAction::Accept { json!("accept") } else { json!("decline") };
        Ok(if is_yes(&action, answer.content.as_ref()) { Asked::Yes(agent(context)) } else { Asked::No })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        assert!(is_yes(&json!("accept"), Some(&json!({ "approve": true }))));
        for (action, content) in [
            (json!("accept"), Some(json!({ "approve": false }))),
            (json!("accept"), Some(json!({ "approve": "true" }))),
            (json!("accept"), Some(json!({}))),
            (json!("accept"), None),
            (json!("decline"), Some(json!({ "approve": true }))),
            (json!("cancel"), Some(json!({ "approve": true }))),
            (Value::Null, Some(json!({ "approve": true }))),
        ] {
            assert!(!is_yes(&action, content.as_ref()), "{action} {content:?}");
        }
    }

    #[test]
    fn an_answer_counts_once_and_only_for_its_question() {
        let open = Open::default();
        let name = open.remember("apply 1234").unwrap();
        assert_eq!(open.answered("guessed"), None);
        assert_eq!(open.answered(&name).as_deref(), Some("apply 1234"));
        assert_eq!(open.answered(&name), None);
    }
}
