//! Reads the table of a multi-state form: one row per state, in one to three columns.
//!
//! Owns: finding the columns of state codes and what stands in each row. Must not touch: other fields. Called by: `read`.

use super::catalogue::Catalogue;
use super::numbers;
use super::sheet::Sheet;
use super::text::alike;
use crate::domain::{BBox, Region, StateClaim, TaxNumber};

/// This many state codes in one column make a table.
const COLUMN: usize = 5;

struct Row {
    region: Option<Region>,
    text: String,
    area: BBox,
}

/// A state's code with its footnote marks taken off: `NM4,18`.
fn code(text: &str) -> Option<Region> {
    let text = text.trim_start_matches(['|', '[', '(', '_', '.']);
    let letters: String = text.chars().take(2).collect();
    let rest: Vec<char> = text.chars().skip(2).collect();
    let footnote = rest.len() <= 5 && rest.iter().filter(|c| c.is_alphabetic()).count() <= 1;
    if !footnote || letters.chars().count() != 2 || !letters.chars().next()?.is_ascii_uppercase() && !letters.starts_with(['1', 'l', '0']) {
        return None;
    }
    super::address::state(&letters.to_ascii_uppercase()).filter(|_| letters.chars().filter(char::is_ascii_uppercase).count() >= 1)
}

/// The claims of all rows with a number.
pub fn read(sheet: &Sheet, catalogue: &Catalogue, listed: &[Region]) -> Vec<StateClaim> {
    let columns = columns(sheet, listed);
    let mut claims: Vec<StateClaim> = vec![];
    for (n, column) in columns.iter().enumerate() {
        let right =
            columns.get(n + 1).map_or(sheet.width(), |next| next.iter().map(|r| r.area.left).fold(f32::MAX, f32::min) - 0.3 * sheet.h);
        let step = typical_step(column, sheet.h);
        for (k, row) in column.iter().enumerate() {
            let Some(region) = &row.region else { continue };
            let mid = row.area.mid_y();
            let above = if k > 0 { ((column[k - 1].area.mid_y() + mid) / 2.0).max(mid - 0.75 * step) } else { mid - 0.55 * step };
            let below = column.get(k + 1).map_or(mid + 0.55 * step, |next| ((next.area.mid_y() + mid) / 2.0).min(mid + 0.75 * step));
            let cell = sheet.within(BBox::new(row.area.right, above, right, below));
            if let Some(claim) = claim(sheet, catalogue, region, &cell)
                && !claims.iter().any(|c| c.region == claim.region)
            {
                claims.push(claim);
            }
        }
    }
    claims
}

fn typical_step(column: &[Row], h: f32) -> f32 {
    let mut steps: Vec<f32> = column.windows(2).map(|w| w[1].area.mid_y() - w[0].area.mid_y()).filter(|s| *s > 0.5 * h).collect();
    steps.sort_by(f32::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(2.0 * h).min(4.0 * h)
}

fn claim(sheet: &Sheet, catalogue: &Catalogue, region: &Region, cell: &[usize]) -> Option<StateClaim> {
    let cell: Vec<usize> = cell.iter().copied().filter(|&i| !sheet.toks[i].folded.is_empty()).collect();
    let text = sheet.text(&cell);
    if cell.is_empty() || numbers::is_no_number(&text) {
        return None;
    }
    // Reason letters and issuing states stand in the same row.
    let words: Vec<usize> = cell.iter().copied().filter(|&i| sheet.toks[i].text.chars().any(|c| c.is_ascii_digit())).collect();
    let list: Vec<&str> = words.iter().map(|&i| sheet.toks[i].text.as_str()).collect();
    let (number, used) = numbers::pick(&list, catalogue.jurisdiction(region))?;
    let toks = &words[used];
    Some(StateClaim {
        region: region.clone(),
        number: TaxNumber::new(&number),
        confidence: sheet.confidence(toks),
        page: sheet.page.number,
        bbox: sheet.page_box(toks),
    })
}

/// Columns of state codes, left to right; a code that was misread is found by its neighbours.
fn columns(sheet: &Sheet, listed: &[Region]) -> Vec<Vec<Row>> {
    let h = sheet.h;
    let mut rows: Vec<Row> = sheet
        .toks
        .iter()
        .filter(|t| t.text.chars().count() <= 7 && !t.text.is_empty())
        .map(|t| Row { region: code(&t.text), text: t.folded.clone(), area: t.area })
        .collect();
    rows.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
    let mut columns: Vec<Vec<Row>> = vec![];
    let anchors: Vec<f32> = rows.iter().filter(|r| r.region.is_some()).map(|r| r.area.left).collect();
    let mut used_to = f32::MIN;
    for &left in &anchors {
        if left < used_to {
            continue;
        }
        let near = anchors.iter().filter(|a| (**a - left) >= 0.0 && (**a - left) < 2.2 * h).count();
        if near < COLUMN {
            continue;
        }
        used_to = left + 2.2 * h;
        let mut column: Vec<Row> = rows
            .iter()
            .filter(|r| r.area.left >= left - 0.8 * h && r.area.left < left + 2.2 * h)
            .map(|r| Row { region: r.region.clone(), text: r.text.clone(), area: r.area })
            .collect();
        column.sort_by(|a, b| a.area.mid_y().total_cmp(&b.area.mid_y()));
        // Only what stands between the first and the last code is the table.
        let first = column.iter().position(|r| r.region.is_some()).unwrap_or(0);
        let last = column.iter().rposition(|r| r.region.is_some()).unwrap_or(0);
        column.truncate(last + 1);
        column.drain(..first);
        columns.push(column);
    }
    let known: Vec<Region> = columns.iter().flatten().filter_map(|r| r.region.clone()).collect();
    for column in &mut columns {
        infer(column, listed, &known);
        column.retain(|r| r.region.is_some());
    }
    columns.retain(|c| c.len() >= COLUMN);
    columns
}

/// Lists run by state name, so a misread code lies between its neighbours: the one listed state there that looks like it.
fn infer(column: &mut [Row], listed: &[Region], known: &[Region]) {
    for at in 0..column.len() {
        if column[at].region.is_some() {
            continue;
        }
        let before = column[..at].iter().rev().find_map(|r| r.region.clone());
        let after = column[at..].iter().find_map(|r| r.region.clone());
        let (Some(before), Some(after)) = (before, after) else { continue };
        let wanted: Vec<&Region> = listed
            .iter()
            .filter(|r| !known.contains(r) && r.name() > before.name() && r.name() < after.name())
            .filter(|r| {
                column[at].text.get(..2).or(column[at].text.get(..1)).is_some_and(|t| alike(t, &r.code().to_lowercase(), 0.45) > 0.0)
            })
            .collect();
        if let [only] = wanted[..] {
            column[at].region = Some(only.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::tests::page;
    use super::*;

    #[test]
    fn rows_with_numbers_are_claims_and_others_are_not() {
        let codes = ["AL1", "AR", "AZ2", "CA3", "CO4", "CT5"];
        let mut words: Vec<(f32, f32, &str)> = codes.iter().enumerate().map(|(i, c)| (0.1, 0.3 + 0.02 * i as f32, *c)).collect();
        let other = ["MO16", "NE17", "NV", "NJ", "NM4,18", "NC19"];
        words.extend(other.iter().enumerate().map(|(i, c)| (0.5, 0.3 + 0.02 * i as f32, *c)));
        words.extend([
            (0.2, 0.34, "170852787"),
            (0.2, 0.36, "N/A"),
            (0.2, 0.38, "SEE ATTACHED"),
            (0.6, 0.36, "801-373-333/061"),
            (0.6, 0.38, "662 846 325"),
        ]);
        let page = page(&words);
        let found = read(&Sheet::new(&page), Catalogue::builtin(), &Catalogue::builtin().form("MTC").unwrap().states);
        let got: Vec<(&str, &str)> = found.iter().map(|c| (c.region.code(), c.number.as_ref().unwrap().as_str())).collect();
        assert_eq!(got, [("AZ", "170852787"), ("NJ", "801-373-333/061"), ("NM", "662 846 325")]);
    }
}
