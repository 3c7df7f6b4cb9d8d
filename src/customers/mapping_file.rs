//! The columns of one system's export, kept in a small YAML file and used again for the next export.
//!
//! A column that the file names must be in the list; a field under `optional` may be missing, and is then looked for as without the file.

use super::{CustomersError, Layout, Target, Wish, propose};
use crate::domain::{Grid, nearest, yaml_value};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What a mapping file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingFile {
    /// The system that makes such exports, for people and for a remark when another system's export comes.
    pub system: Option<String>,
    pub sheet: Option<String>,
    /// 1-based.
    pub header_row: Option<u32>,
    /// Target to header; `-` means that no column has it.
    pub columns: BTreeMap<Target, String>,
    /// Fields whose column may be missing.
    pub optional: BTreeSet<Target>,
}

const KEYS: &[&str] = &["system", "sheet", "header_row", "columns", "optional"];

fn target(place: &str, name: &str) -> Result<Target, String> {
    let exact = Target::ALL.iter().copied().find(|target| target.name() == name.trim());
    exact.ok_or_else(|| match nearest(name.trim(), Target::ALL.iter().map(|target| target.name())) {
        Some(near) => format!("{place}: `{name}` is no field of a customer; did you mean `{near}`?"),
        None => {
            let known: Vec<&str> = Target::ALL.iter().map(|target| target.name()).collect();
            format!("{place}: `{name}` is no field of a customer; known are {}", known.join(", "))
        }
    })
}

/// One column may be the code and the name (or the e-mail address) at once, as in lists without codes.
fn may_share(a: Target, b: Target) -> bool {
    let stands_in = |t: Target| matches!(t, Target::Name | Target::AlternateName | Target::Email);
    (a == Target::CustomerCode && stands_in(b)) || (b == Target::CustomerCode && stands_in(a))
}

/// Fields by name and header, from flags or the answers file. `Err` lists every fault.
pub fn columns_by_name<'a>(place: &str, given: impl Iterator<Item = (&'a str, &'a str)>) -> Result<BTreeMap<Target, String>, Vec<String>> {
    let (mut columns, mut faults) = (BTreeMap::new(), Vec::new());
    for (name, header) in given {
        match target(place, name) {
            Ok(_) if header.trim().is_empty() => faults.push(format!("{place}: `{name}` names no header")),
            Ok(target) => {
                columns.insert(target, header.trim().to_owned());
            }
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(columns) } else { Err(faults) }
}

fn shared_headers(place: &str, columns: &BTreeMap<Target, String>, faults: &mut Vec<String>) {
    let mut by_header: BTreeMap<String, Vec<Target>> = BTreeMap::new();
    for (target, header) in columns.iter().filter(|(_, header)| *header != "-") {
        by_header.entry(header.to_lowercase()).or_default().push(*target);
    }
    for targets in by_header.values() {
        let clash = targets.iter().zip(targets.iter().skip(1)).find(|(a, b)| !may_share(**a, **b));
        if let (Some((a, b)), Some(header)) = (clash, targets.first().and_then(|t| columns.get(t))) {
            faults.push(format!("{place}: the header “{header}” stands for both `{a}` and `{b}`; one column has one meaning"));
        }
    }
}

impl MappingFile {
    /// Reads the text of a mapping file; `Err` lists every fault.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let value = yaml_value(text).map_err(|why| vec![format!("not valid YAML: {why}")])?;
        let Some(Value::Object(map)) = value else {
            return Err(vec!["it is no mapping file; it must hold `columns:` with a header for each field".to_owned()]);
        };
        let (mut file, mut faults) = (Self::default(), Vec::new());
        for (key, value) in &map {
            match (key.as_str(), value) {
                (_, Value::Null) if KEYS.contains(&key.as_str()) => {}
                ("system", Value::String(text)) => file.system = Some(text.clone()),
                ("sheet", Value::String(text)) => file.sheet = Some(text.clone()),
                // A sheet may be called 2026.
                ("sheet", Value::Number(number)) => file.sheet = Some(number.to_string()),
                ("header_row", value) => match value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0) {
                    Some(row) => file.header_row = Some(row),
                    None => faults.push(format!("header_row: {value} is no row; the first is 1")),
                },
                ("columns", Value::Object(columns)) => {
                    let mut texts = Vec::new();
                    for (name, header) in columns {
                        match header {
                            Value::String(header) => texts.push((name.as_str(), header.clone())),
                            Value::Number(header) => texts.push((name.as_str(), header.to_string())),
                            other => faults.push(format!("columns: `{name}` must be a header in quotes, not {other}")),
                        }
                    }
                    match columns_by_name("columns", texts.iter().map(|(name, header)| (*name, header.as_str()))) {
                        Ok(columns) => file.columns = columns,
                        Err(more) => faults.extend(more),
                    }
                    shared_headers("columns", &file.columns, &mut faults);
                }
                ("optional", Value::Array(names)) => {
                    for name in names {
                        match target("optional", name.as_str().unwrap_or(&name.to_string())) {
                            Ok(target) => {
                                file.optional.insert(target);
                            }
                            Err(fault) => faults.push(fault),
                        }
                    }
                }
                (key, value) if KEYS.contains(&key) => faults.push(format!("{key}: {value} can't stand here")),
                (key, _) => faults.push(match nearest(key, KEYS.iter().copied()) {
                    Some(near) => format!("unknown key `{key}`; did you mean `{near}`?"),
                    None => format!("unknown key `{key}`; known are {}", KEYS.join(", ")),
                }),
            }
        }
        if faults.is_empty() && file.columns.is_empty() {
            faults.push("it names no column; put fields and headers under `columns:`".to_owned());
        }
        let stray: Vec<&Target> = file.optional.iter().filter(|target| !file.columns.contains_key(target)).collect();
        if let (true, Some(target)) = (faults.is_empty(), stray.first()) {
            faults.push(format!("optional: `{target}` has no column under `columns:`"));
        }
        if faults.is_empty() { Ok(file) } else { Err(faults) }
    }

    /// The columns as a list was read, for the next export. The second value tells what could not be kept.
    pub fn of(layout: &Layout, wish: &Wish) -> (Self, Vec<String>) {
        let mut file = Self { system: layout.system.clone(), sheet: wish.sheet.clone(), header_row: wish.header_row, ..Self::default() };
        let mut lost = Vec::new();
        let mut taken: BTreeMap<String, (usize, Target)> = BTreeMap::new();
        for (target, column) in &layout.mapping.columns {
            let header = column.header.trim().to_owned();
            if header.is_empty() || header == "-" {
                lost.push(format!("the column of the {} has no header", target.label()));
                continue;
            }
            match taken.get(&header.to_lowercase()) {
                Some((index, other)) if *index != column.index || !may_share(*other, *target) => {
                    lost.push(format!("the header “{header}” stands over several columns; that of the {} is not kept", target.label()));
                    continue;
                }
                _ => {}
            }
            taken.insert(header.to_lowercase(), (column.index, *target));
            file.columns.insert(*target, header);
            if may_miss(*target) {
                file.optional.insert(*target);
            }
        }
        file.columns.extend(wish.columns.iter().filter(|(_, header)| header.trim() == "-").map(|(target, _)| (*target, "-".to_owned())));
        (file, lost)
    }

    /// As YAML that [`MappingFile::parse`] reads.
    pub fn to_yaml(&self) -> String {
        // JSON's own quoting: `no` or `0123` would otherwise be read as something else. Writing to a String can't fail.
        let quoted = |text: &str| Value::from(text).to_string();
        let mut out = String::from(
            "# The columns of a customer list, for the next export of the same system:\n\
             #   certonboard customers summary NEXT_EXPORT --mapping THIS_FILE\n",
        );
        for (key, value) in [("system", &self.system), ("sheet", &self.sheet)] {
            if let Some(value) = value {
                let _ = writeln!(out, "{key}: {}", quoted(value));
            }
        }
        if let Some(row) = self.header_row {
            let _ = writeln!(out, "header_row: {row}");
        }
        out.push_str("# A field of a customer and the header of its column; \"-\" means that no column has it.\ncolumns:\n");
        for (target, header) in &self.columns {
            let _ = writeln!(out, "  {target}: {}", quoted(header));
        }
        if !self.optional.is_empty() {
            out.push_str("# These columns may be missing in a list. Any other that is missing is an error.\noptional:\n");
            for target in &self.optional {
                let _ = writeln!(out, "  - {target}");
            }
        }
        out
    }
}

/// What a list can lack without anybody being taxed wrongly or not found.
fn may_miss(target: Target) -> bool {
    use Target as T;
    matches!(
        target,
        T::AlternateName | T::Contact | T::Line2 | T::Line3 | T::Line4 | T::Line5 | T::Phone | T::Fax | T::ShipLine1 | T::ShipLine2
    ) || matches!(target, T::ShipCity | T::ShipRegion | T::ShipPostalCode | T::ShipCountry)
}

/// [`propose`], where wished columns of `optional` fields may be missing. What was missing is told in the layout's notes and taken out of
/// the wish.
pub fn propose_with(grids: &[Grid], wish: &mut Wish, optional: &BTreeSet<Target>) -> Result<Layout, CustomersError> {
    let mut missing = Vec::new();
    loop {
        match propose(grids, wish) {
            Ok(mut layout) => {
                layout.notes.append(&mut missing);
                return Ok(layout);
            }
            // Each round takes one wish away, so this ends.
            Err(CustomersError::UnknownHeader { target, wanted, nearest }) if optional.contains(&target) => {
                if wish.columns.remove(&target).is_none() {
                    return Err(CustomersError::UnknownHeader { target, wanted, nearest });
                }
                missing.push(format!("the mapping's column “{wanted}” ({}) is not in this file; it may be missing", target.label()));
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_read_again() {
        let rows = [
            vec!["no", "Company", "Street", "City", "ST", "Zip", "Phone", "Tax Exempt"],
            vec!["1", "A", "1 X St", "Reno", "NV", "89501", "", "Y"],
        ];
        let wish =
            Wish { columns: [(Target::CustomerCode, "no".into()), (Target::Email, "-".into())].into(), header_row: Some(1), sheet: None };
        let layout = propose(&[Grid::of_texts("S", &rows)], &wish).unwrap();
        let (file, lost) = MappingFile::of(&layout, &wish);
        assert!(lost.is_empty(), "{lost:?}");
        assert_eq!(file.columns.get(&Target::CustomerCode).unwrap(), "no");
        assert_eq!(file.columns.get(&Target::Email).unwrap(), "-");
        assert!(file.optional.contains(&Target::Phone) && !file.optional.contains(&Target::ExemptFlag));
        assert_eq!(MappingFile::parse(&file.to_yaml()).unwrap(), file);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let text = "sytem: X\nheader_row: 0\ncolumns:\n  custmer_code: A\n  name: B\n  city: b\n  zip: [1]\noptional: [phon]\n";
        let faults = MappingFile::parse(text).unwrap_err().join("\n");
        for part in ["did you mean `system`", "header_row", "`customer_code`", "`zip`", "`phone`"] {
            assert!(faults.contains(part), "{part}: {faults}");
        }
        let shared = MappingFile::parse("columns: { name: B, city: b }").unwrap_err();
        assert!(shared[0].contains("`name` and `city`"), "{shared:?}");
        assert!(MappingFile::parse("columns: { customer_code: Name, name: name }").is_ok());
        for bad in ["", "- a", "columns: {}", "columns: { name: A }\noptional: [fax]", "columns: { name: '' }", "a: ["] {
            assert!(MappingFile::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_optional_columns_may_be_missing() {
        let grid = [Grid::of_texts("S", &[["Customer ID", "Name", "Tax Exempt"], ["1", "Ames", "Y"]])];
        let optional = BTreeSet::from([Target::Fax]);
        let mut wish = Wish { columns: [(Target::Fax, "Fax No".into()), (Target::Name, "Name".into())].into(), ..Wish::default() };
        let layout = propose_with(&grid, &mut wish, &optional).unwrap();
        assert!(layout.notes.iter().any(|note| note.contains("“Fax No”")), "{:?}", layout.notes);
        wish.columns.insert(Target::ExemptFlag, "Exempt Tax".into());
        assert!(propose_with(&grid, &mut wish, &optional).unwrap_err().to_string().contains("`Tax Exempt`"));
    }
}
