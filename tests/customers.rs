//! Spreadsheets on disk to customers, the whole way.

use certonboard::customers::{CustomerList, Settle, Summary, Wish, propose, read, summarise};
use certonboard::sources::spreadsheet::{self, OpenOptions};
use std::path::{Path, PathBuf};

fn load(path: &Path) -> CustomerList {
    let grids = spreadsheet::read(path, &OpenOptions::default()).unwrap();
    let layout = propose(&grids, &Wish::default()).unwrap();
    read(&grids, &layout, &Settle::default())
}

/// Larger samples that are kept outside the repository.
fn shared(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("CERTONBOARD_SHARED") else {
        eprintln!("skipped: CERTONBOARD_SHARED is not set, so {name} is not read");
        return None;
    };
    Some(Path::new(&folder).join(name))
}

#[test]
fn the_corpus_list_gives_exactly_its_exempt_customers() {
    let (Some(file), Some(truth)) = (shared("corpus/dev/customers.xlsx"), shared("corpus/dev/customers_truth.json")) else { return };
    let truth: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(truth).unwrap()).unwrap();
    let list = load(&file);
    let summary: Summary = summarise(&list);
    let exempt: std::collections::BTreeSet<&str> = list.customers.iter().filter(|c| c.is_exempt()).map(|c| c.code.as_str()).collect();
    let wanted = truth["exempt_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(summary.total as u64, truth["total"].as_u64().unwrap());
    assert_eq!(summary.usable, summary.total);
    assert_eq!(exempt, wanted);
    println!("{}", serde_json::to_string_pretty(&summary).unwrap());
}
