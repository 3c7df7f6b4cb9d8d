//! A decision in words.
//!
//! Owns: the evidence lines of a match. Must not touch: scoring. Called by: `decide`.

use super::compare::{CodeSeen, Points};

/// What agrees and what does not, shortest first to read: `name 0.99`, `postal code equal`.
pub fn evidence(points: &Points) -> Vec<String> {
    let mut lines = vec![format!("name {:.2}", points.name)];
    if let Some(street) = points.street {
        lines.push(match points.house {
            Some(false) => format!("street {street:.2}, another house number"),
            _ => format!("street {street:.2}"),
        });
    }
    let mut say = |what: &str, same: Option<bool>| {
        if let Some(same) = same {
            lines.push(format!("{what} {}", if same { "equal" } else { "differs" }));
        }
    };
    say("postal code", points.zip.map(|z| z == 1.0));
    say("city", points.city.map(|c| c >= 0.9));
    say("state", points.region);
    say("registration number", points.number);
    say("phone", points.phone);
    say("e-mail", points.email);
    lines.extend(points.code.map(|seen| match seen {
        CodeSeen::Paper => "customer code on the paper".to_owned(),
        CodeSeen::FileName => "customer code in the file's name".to_owned(),
    }));
    lines
}
