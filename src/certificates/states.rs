//! Reads the table of a multi-state form: one row per state, in one to three columns.
//!
//! Owns: finding the columns of state codes and what stands in each row. Must not touch: other fields. Called by: `read`.

use super::catalogue::Catalogue;
use super::dates;
use super::numbers;
use super::sheet::Sheet;
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
    let text = text.trim_start_matches(['|', '[', '(', '_', '.']).replace('™', "T");
    let letters: String = text.chars().take(2).collect();
    let rest: Vec<char> = text.chars().skip(2).collect();
    let footnote = rest.len() <= 5 && rest.iter().filter(|c| c.is_alphabetic()).count() <= 1;
    if !footnote || letters.chars().count() != 2 || !letters.chars().next()?.is_ascii_uppercase() && !letters.starts_with(['1', 'l', '0']) {
        return None;
    }
    super::address::state(&letters.to_ascii_uppercase()).filter(|_| letters.chars().filter(char::is_ascii_uppercase).count() >= 1)
}

/// Where the number of one state stands, or would.
pub struct Cell {
    pub region: Region,
    pub area: BBox,
}

/// What a state table says.
pub struct Table {
    /// The rows with a number.
    pub claims: Vec<StateClaim>,
    /// Numbers in rows whose state could not be told.
    pub lost: Vec<String>,
    /// Rows with words and no number: `SEE ATTACHED`, `Wayfair ruling`.
    pub disclaimers: Vec<(Region, String)>,
}

pub fn read(sheet: &Sheet, catalogue: &Catalogue, tables: &[Vec<Region>]) -> Table {
    let columns = columns(sheet, tables);
    let mut claims: Vec<StateClaim> = vec![];
    let mut disclaimers = vec![];
    for cell in cells_of(sheet, &columns) {
        let toks = sheet.within(cell.area);
        match claim(sheet, catalogue, &cell.region, &toks) {
            Some(claim) if !claims.iter().any(|c| c.region == claim.region) => claims.push(claim),
            Some(_) => {}
            None => {
                let text = sheet.text(&toks);
                // Shorter ones are `N/A`, `None` or scraps of a rule.
                if text.chars().filter(|c| c.is_alphabetic()).count() >= SENTENCE {
                    disclaimers.push((cell.region, text.chars().take(80).collect()));
                }
            }
        }
    }
    let lost = lost_numbers(sheet, &columns, &claims);
    Table { claims, lost, disclaimers }
}

/// Letters.
const SENTENCE: usize = 6;

/// The cells of all rows whose state is known.
pub fn cells(sheet: &Sheet, tables: &[Vec<Region>]) -> Vec<Cell> {
    cells_of(sheet, &columns(sheet, tables))
}

fn cells_of(sheet: &Sheet, columns: &[Vec<Row>]) -> Vec<Cell> {
    let mut cells = vec![];
    for (n, column) in columns.iter().enumerate() {
        let right =
            columns.get(n + 1).map_or(sheet.width(), |next| next.iter().map(|r| r.area.left).fold(f32::MAX, f32::min) - 0.3 * sheet.h);
        let step = typical_step(column, sheet.h);
        for (k, row) in column.iter().enumerate() {
            let Some(region) = &row.region else { continue };
            let mid = row.area.mid_y();
            let above = if k > 0 { ((column[k - 1].area.mid_y() + mid) / 2.0).max(mid - 0.75 * step) } else { mid - 0.55 * step };
            let below = column.get(k + 1).map_or(mid + 0.55 * step, |next| ((next.area.mid_y() + mid) / 2.0).min(mid + 0.75 * step));
            cells.push(Cell { region: region.clone(), area: BBox::new(row.area.right, above, right, below) });
        }
    }
    cells
}

/// Long numbers beside the table's columns that no row claimed.
fn lost_numbers(sheet: &Sheet, columns: &[Vec<Row>], claims: &[StateClaim]) -> Vec<String> {
    let rows = || columns.iter().flatten().map(|r| r.area);
    let Some(all) = rows().reduce(|a, b| a.union(&b)) else { return vec![] };
    let inside =
        |t: &super::sheet::Tok| t.area.mid_y() > all.top - sheet.h && t.area.mid_y() < all.bottom + sheet.h && t.area.left > all.left;
    // The day of signing and the form's revision often stand right below the table.
    let long = |t: &super::sheet::Tok| t.text.chars().filter(char::is_ascii_digit).count() >= 6 && dates::find(&t.text).is_none();
    let claimed = |t: &super::sheet::Tok| {
        claims.iter().filter_map(|c| c.bbox).any(|b| {
            b.left <= t.page_box.mid_x() && t.page_box.mid_x() <= b.right && b.top <= t.page_box.mid_y() && t.page_box.mid_y() <= b.bottom
        })
    };
    sheet.toks.iter().filter(|t| inside(t) && long(t) && !claimed(t)).map(|t| t.text.clone()).collect()
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
    // “Wayfair 2018 ruling”, “exempt since 2019”: what a sentence counts is no registration unless it is as long as one.
    let sentence = cell.iter().any(|&i| sheet.toks[i].folded.len() >= 4 && sheet.toks[i].folded.chars().all(char::is_alphabetic));
    if sentence && number.chars().filter(char::is_ascii_digit).count() < 6 {
        return None;
    }
    let left_over = numbers::left_over(&list, &used);
    let toks = &words[used];
    Some(StateClaim {
        region: region.clone(),
        number: TaxNumber::new(&number),
        confidence: sheet.confidence(toks) * if left_over { numbers::CUT_OFF } else { 1.0 },
        page: sheet.page.number,
        ends_by_rule: None,
        bbox: sheet.page_box(toks),
    })
}

/// Columns of state codes, left to right. Only states of the form's own table count; a code that was misread is found by its neighbours.
fn columns(sheet: &Sheet, tables: &[Vec<Region>]) -> Vec<Vec<Row>> {
    let h = sheet.h;
    let listed = |r: &Region| tables.iter().any(|t| t.contains(r));
    let mut rows: Vec<Row> = sheet
        .toks
        .iter()
        .filter(|t| t.text.chars().count() <= 7 && !t.text.is_empty())
        .map(|t| Row { region: code(&t.text).filter(listed), text: t.folded.clone(), area: t.area })
        .collect();
    rows.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
    let mut columns: Vec<Vec<Row>> = vec![];
    let anchors: Vec<f32> = rows.iter().filter(|r| r.region.is_some()).map(|r| r.area.left).collect();
    let mut used_to = f32::MIN;
    for &left in &anchors {
        let near = anchors.iter().filter(|a| (**a - left) >= 0.0 && (**a - left) < 2.2 * h).count();
        if left < used_to || near < COLUMN {
            continue;
        }
        used_to = left + 2.2 * h;
        let mut column: Vec<Row> = rows
            .iter()
            .filter(|r| r.area.left >= left - 0.8 * h && r.area.left < left + 2.2 * h)
            .map(|r| Row { region: r.region.clone(), text: r.text.clone(), area: r.area })
            .collect();
        column.sort_by(|a, b| a.area.mid_y().total_cmp(&b.area.mid_y()));
        // Two words on one height are one row: the code's.
        column.dedup_by(|b, a| {
            let same = (a.area.mid_y() - b.area.mid_y()).abs() < 0.5 * h;
            if same && a.region.is_none() {
                a.region = b.region.take();
            }
            same
        });
        columns.push(one_table(column, h));
    }
    for column in &mut columns {
        in_order(column, tables);
    }
    columns.retain(|c| c.iter().filter(|r| r.region.is_some()).count() >= COLUMN);
    columns
}

/// The longest stretch of rows with no wide gap: an address above the table is not in it.
fn one_table(column: Vec<Row>, h: f32) -> Vec<Row> {
    let wide = 2.6 * typical_step(&column, h).max(1.2 * h);
    let mut parts: Vec<Vec<Row>> = vec![vec![]];
    for row in column {
        let far = parts.last().and_then(|p| p.last()).is_some_and(|last| row.area.mid_y() - last.area.mid_y() > wide);
        if far {
            parts.push(vec![]);
        }
        if let Some(part) = parts.last_mut() {
            part.push(row);
        }
    }
    parts.into_iter().max_by_key(|p| p.iter().filter(|r| r.region.is_some()).count()).unwrap_or_default()
}

/// Keeps the codes that follow one of the printed orders and fills the rows between two of them where their number fits exactly.
fn in_order(column: &mut [Row], tables: &[Vec<Region>]) {
    let mut best: Option<Vec<(usize, usize)>> = None;
    for table in tables {
        let place = |r: &Row| r.region.as_ref().and_then(|r| table.iter().position(|t| t == r));
        let chain = rising(&column.iter().map(place).collect::<Vec<_>>());
        if best.as_ref().is_none_or(|b| chain.len() > b.len()) {
            best = Some(chain);
        }
    }
    let Some(kept) = best else { return };
    let table = tables.iter().find(|t| kept.iter().all(|(row, place)| column[*row].region.as_ref() == t.get(*place)));
    let Some(table) = table else { return };
    for (n, row) in column.iter_mut().enumerate() {
        if !kept.iter().any(|(k, _)| *k == n) {
            row.region = None;
        }
    }
    let fill = |column: &mut [Row], row: usize, place: usize| {
        if let Some(region) = table.get(place) {
            column[row].region = Some(region.clone());
        }
    };
    for pair in kept.windows(2) {
        let [(row_a, place_a), (row_b, place_b)] = [pair[0], pair[1]];
        if row_b - row_a == place_b - place_a {
            (1..row_b - row_a).for_each(|d| fill(column, row_a + d, place_a + d));
        }
    }
    // Rows before the first known code, where they look like the codes that must stand there.
    if let Some(&(row, place)) = kept.first() {
        for d in 1..=row.min(place) {
            let alike = column[row - d].text.chars().any(|c| table[place - d].code().to_lowercase().contains(c));
            if !alike {
                break;
            }
            fill(column, row - d, place - d);
        }
    }
}

/// The longest rising run of places among the rows, as (row, place).
fn rising(places: &[Option<usize>]) -> Vec<(usize, usize)> {
    let mut best: Vec<Vec<(usize, usize)>> = vec![];
    for (row, place) in places.iter().enumerate() {
        let Some(place) = *place else { continue };
        let before = best.iter().filter(|c| c.last().is_some_and(|l| l.1 < place)).max_by_key(|c| c.len());
        let mut chain = before.cloned().unwrap_or_default();
        chain.push((row, place));
        best.push(chain);
    }
    best.into_iter().max_by_key(Vec::len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::sheet::tests::page;
    use super::*;

    #[test]
    fn rows_with_numbers_are_claims_and_others_are_not() {
        let codes = ["AL1", "AR", "AZ2", "CA3", "G0", "CT5"];
        let mut words: Vec<(f32, f32, &str)> = codes.iter().enumerate().map(|(i, c)| (0.1, 0.3 + 0.02 * i as f32, *c)).collect();
        let other = ["MO16", "NE17", "NV", "NJ", "NM4,18", "NC19"];
        words.extend(other.iter().enumerate().map(|(i, c)| (0.5, 0.3 + 0.02 * i as f32, *c)));
        words.extend([
            (0.2, 0.34, "170852787"),
            (0.2, 0.36, "N/A"),
            (0.2, 0.38, "662846111"),
            (0.2, 0.4, "SEE ATTACHED"),
            (0.6, 0.36, "801-373-333/061"),
            (0.6, 0.38, "662 846 325"),
            // The day of signing below the table.
            (0.2, 0.415, "9-30-2026"),
        ]);
        let page = page(&words);
        let Table { claims: found, lost, disclaimers } =
            read(&Sheet::new(&page), Catalogue::builtin(), &Catalogue::builtin().form("MTC").unwrap().tables);
        assert!(lost.is_empty(), "{lost:?}");
        assert_eq!(disclaimers.iter().map(|(r, t)| (r.code(), t.as_str())).collect::<Vec<_>>(), [("CT", "SEE ATTACHED")]);
        let far = (0.3, 0.405, "552-846-325");
        words.push(far);
        let Table { lost, .. } = read(
            &Sheet::new(&super::super::sheet::tests::page(&words)),
            Catalogue::builtin(),
            &Catalogue::builtin().form("MTC").unwrap().tables,
        );
        assert_eq!(lost, [far.2]);
        let got: Vec<(&str, &str)> = found.iter().map(|c| (c.region.code(), c.number.as_ref().unwrap().as_str())).collect();
        assert_eq!(got, [("AZ", "170852787"), ("CO", "662846111"), ("NJ", "801-373-333/061"), ("NM", "662 846 325")]);
    }
}
