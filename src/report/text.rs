//! The summary that ends a run on the terminal.

use super::model::Model;

/// A few lines for stdout. Holds figures only, nothing from outside.
pub fn summary(model: &Model<'_>) -> String {
    let f = &model.figures;
    let (sent, linked, invited) = match model.dry_run {
        true => ("would be sent", "would be created and linked", "would be sent"),
        false => ("sent", "created and linked", "sent"),
    };
    let mut lines = Vec::new();
    if model.dry_run {
        lines.push("Dry run: nothing was written to the service.".to_owned());
    }
    lines.push(format!(
        "Customers     {} ({} exempt); {} {sent}, {} there already",
        f.customers, f.exempt, f.customers_sent, f.customers_unchanged
    ));
    if f.papers + f.unreadable > 0 {
        lines.push(format!(
            "Papers        {} read: {} accepted, {} for review, {} can't be used, {} copies; {} files unreadable",
            f.papers, f.papers_accepted, f.papers_for_review, f.papers_rejected, f.copies, f.unreadable
        ));
        if f.drawn > 0 {
            lines.push(format!("Check         {}", model.check()));
        }
        lines.push(format!("Certificates  {} {linked}, {} there already", f.certificates_linked, f.certificates_unchanged));
    }
    if f.exemptions_asked > 0 {
        lines.push(format!("Exempt now    {} of {}, by the service's own word", f.exemptions_found, f.exemptions_asked));
    }
    if model.tokens {
        let made = if model.dry_run { "would be made" } else { "made" };
        lines.push(format!("Tokens        {} {made}, to pass on (in the report); this service sends no invitations", f.invitations));
    }
    let links = match f.invitation_links {
        0 => String::new(),
        n => format!(", {n} of them as links to pass on (in the report)"),
    };
    if !model.tokens {
        lines.push(format!("Invitations   {} {invited}{links}", f.invitations));
    }
    if f.data_problems + f.writes_refused > 0 {
        lines.push(format!("To look at    {} data problems, {} writes refused", f.data_problems, f.writes_refused));
    }
    lines.join("\n")
}
