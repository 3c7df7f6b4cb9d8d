//! Any cells of any kind under headers that mean something.

#![no_main]

use arbitrary::Arbitrary;
use certonboard::customers::{Finished, Reading, Settle, SettleContradictions, Target, Wish, propose, read};
use certonboard::domain::{Cell, CustomerCode, ExemptStatus, Grid};
use libfuzzer_sys::fuzz_target;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Arbitrary)]
enum Any<'a> {
    Empty,
    Text(&'a str),
    Number(f64),
    Bool(bool),
    Date(&'a str),
    Error(&'a str),
    /// The same as above it.
    Same,
}

#[derive(Debug, Arbitrary)]
struct Sheet<'a> {
    /// What the columns stand for, by place among all targets.
    columns: Vec<u8>,
    title: Option<&'a str>,
    rows: Vec<Vec<Any<'a>>>,
    include_inactive: bool,
    contradictions: u8,
    /// What values were settled to mean.
    values: Vec<(&'a str, bool)>,
    /// The columns are found, not told.
    find: bool,
    pieces: u8,
}

fn push(grid: &mut Grid, cell: &Any<'_>, above: Option<&Any<'_>>) {
    match (cell, above) {
        (Any::Empty, _) | (Any::Same, None | Some(Any::Same)) => grid.push(Cell::Empty),
        (Any::Text(text), _) => grid.push_text(text),
        (Any::Number(number), _) => grid.push(Cell::Number(&number.to_string())),
        (Any::Bool(yes), _) => grid.push(Cell::Bool(*yes)),
        (Any::Date(text), _) => grid.push(Cell::Date(text)),
        (Any::Error(text), _) => grid.push(Cell::Error(text)),
        (Any::Same, Some(above)) => push(grid, above, None),
    }
}

fuzz_target!(|sheet: Sheet<'_>| {
    let mut grid = Grid::new("Customers");
    let mut number = 1;
    if let Some(title) = sheet.title {
        grid.start_row(number);
        grid.push_text(title);
        number += 1;
    }
    let targets: Vec<Target> =
        sheet.columns.iter().take(20).filter_map(|place| Target::ALL.get(usize::from(*place) % Target::ALL.len())).copied().collect();
    grid.start_row(number);
    targets.iter().for_each(|target| grid.push_text(target.label()));
    let header = number;
    for (at, row) in sheet.rows.iter().enumerate() {
        number += 1;
        grid.start_row(number);
        let above = at.checked_sub(1).and_then(|at| sheet.rows.get(at));
        for (column, cell) in row.iter().enumerate() {
            push(&mut grid, cell, above.and_then(|above| above.get(column)));
        }
    }
    let told: BTreeMap<Target, String> = targets.iter().map(|target| (*target, target.label().to_owned())).collect();
    let wish = match sheet.find {
        true => Wish::default(),
        false => Wish { header_row: Some(header), columns: told, ..Wish::default() },
    };
    let grids = [grid];
    let Ok(layout) = propose(&grids, &wish) else { return };
    let contradictions = match sheet.contradictions % 3 {
        0 => SettleContradictions::ByFlag,
        1 => SettleContradictions::AsExempt,
        _ => SettleContradictions::AsTaxable,
    };
    let means = |exempt: bool| if exempt { ExemptStatus::Exempt } else { ExemptStatus::Taxable };
    let values = sheet.values.iter().map(|(value, exempt)| (Settle::value_key(value), means(*exempt))).collect();
    let settle = Settle { include_inactive: sheet.include_inactive, contradictions, values };
    let list = read(&grids, &layout, &settle);

    // Nothing is lost and nothing counts twice.
    let conflicts = list.issues.iter().filter(|issue| issue.kind == certonboard::domain::IssueKind::DuplicateCode).count();
    let ended = list.customers.len() + list.rejected.len() + list.summary.inactive + list.summary.merged + list.summary.not_customers + list.summary.further_addresses;
    assert_eq!(ended + conflicts, list.summary.rows_read);
    let codes: BTreeSet<&CustomerCode> = list.customers.iter().map(|customer| &customer.code).collect();
    assert_eq!(codes.len(), list.customers.len());
    for customer in &list.customers {
        assert!(!customer.name.is_empty() && customer.name.chars().count() <= 100);
        assert!(!customer.address.line1.is_empty() && customer.address.line1.chars().count() <= 50);
        assert!(customer.address.postal_code.chars().count() <= 10);
        assert!(!customer.name.chars().any(char::is_control));
    }
    let summary = &list.summary;
    assert_eq!(summary.usable, list.customers.len());
    assert_eq!(summary.usable_exempt, list.customers.iter().filter(|customer| customer.is_exempt()).count());
    assert_eq!(summary.exempt + summary.taxable, summary.total);

    // The counts are the same when the rows come in pieces and no customer is kept.
    let size = usize::from(sheet.pieces % 5) + 1;
    let mut reading = Reading::survey(&layout, &settle, &Grid::default());
    let rows: Vec<_> = grids[0].rows().collect();
    loop {
        let mut pieces = Vec::new();
        for some in rows.chunks(size) {
            let mut grid = Grid::new("Customers");
            for row in some {
                grid.start_row(row.number());
                row.cells().for_each(|cell| grid.push(cell));
            }
            pieces.push(reading.piece(&grid));
        }
        match reading.finish(pieces) {
            Finished::Done(counted) => {
                assert_eq!(&counted.summary, summary);
                break;
            }
            Finished::Again(better) => reading = *better,
        }
    }
});
