//! `$top`, `$skip`, `$orderBy` and the link to the next page.
//!
//! Owns: the rules for equal pages and a single sort field. Must not touch: the store.

use super::errors::{ApiError, Code};
use super::filter::{self, Field, Kind};

/// Page size where the caller names none, and the largest there is.
const DEFAULT_TOP: u64 = 100;
const MAX_TOP: u64 = 1000;

/// The query string's pairs, decoded once.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(raw: Option<&str>) -> Self {
        Query(url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// The value of a parameter; an empty one counts as absent, as the service's own client sends them.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.trim().is_empty())
    }

    /// Whether `$include` names any of these; unknown names are tolerated.
    pub(super) fn includes(&self, names: &[&str]) -> bool {
        self.get("$include").is_some_and(|list| list.split(',').any(|item| names.iter().any(|name| item.trim().eq_ignore_ascii_case(name))))
    }

    fn whole(&self, name: &'static str) -> Result<u64, ApiError> {
        match self.get(name) {
            None => Ok(0),
            Some(text) => text.trim().parse().map_err(|_| {
                ApiError::new(Code::INVALID_QUERY_VALUE, format!("'{name}' must be a whole number that is not negative.")).at(name)
            }),
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) top: u64,
    pub(super) skip: u64,
}

impl Page {
    pub(super) fn from_query(query: &Query) -> Result<Self, ApiError> {
        let top = match query.whole("$top")? {
            0 => DEFAULT_TOP,
            top => top.min(MAX_TOP),
        };
        let skip = query.whole("$skip")?;
        if skip % top != 0 {
            return Err(
                ApiError::new(Code::PAGINATION_LIMITS, format!("$skip ({skip}) must be a multiple of the page size ({top}).")).at("$skip")
            );
        }
        if i64::try_from(skip).is_err() {
            return Err(ApiError::new(Code::INVALID_QUERY_VALUE, "'$skip' is too large.").at("$skip"));
        }
        Ok(Page { top, skip })
    }

    /// The address of the next page: the same question with the next `$skip`.
    pub(super) fn next_link(&self, base_url: &str, raw_path: &str, query: &Query) -> String {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in &query.0 {
            if !key.eq_ignore_ascii_case("$top") && !key.eq_ignore_ascii_case("$skip") {
                pairs.append_pair(key, value);
            }
        }
        pairs.append_pair("$top", &self.top.to_string());
        pairs.append_pair("$skip", &(self.skip + self.top).to_string());
        format!("{base_url}{raw_path}?{}", pairs.finish())
    }
}

/// The `ORDER BY` text for `$orderBy`, or for `default` without one. Made of our own field table only, never of the caller's text.
pub(super) fn order_by(query: &Query, fields: &[Field], default: &str) -> Result<String, ApiError> {
    let Some(text) = query.get("$orderBy") else {
        return Ok(default.to_owned());
    };
    if text.contains(',') {
        return Err(ApiError::new(Code::SORT_LIMITS, "Results can be sorted by one field only.").at("$orderBy"));
    }
    let mut words = text.split_whitespace();
    let name = words.next().unwrap_or_default();
    let direction = match words.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => "ASC",
        Some("desc") => "DESC",
        Some(_) => {
            return Err(ApiError::new(Code::SYNTAX, "The sort direction is ASC or DESC.").at("$orderBy"));
        }
    };
    if words.next().is_some() {
        return Err(ApiError::new(Code::SYNTAX, "A sort is a field and a direction.").at("$orderBy"));
    }
    match filter::find(fields, name) {
        Some(field) if field.kind != Kind::Nested => {
            // The default order settles ties, so that pages do not overlap.
            Ok(format!("{} {direction}, {default}", field.sql))
        }
        Some(_) => Err(ApiError::new(Code::SORT_LIMITS, format!("Results cannot be sorted by the field '{name}'.")).at("$orderBy")),
        None => Err(ApiError::new(Code::INVALID_QUERY_FIELD, format!("The field '{name}' was not found.")).at("$orderBy")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(raw: &str) -> Result<Page, u32> {
        Page::from_query(&Query::parse(Some(raw))).map_err(|e| e.number())
    }

    #[test]
    fn pages_are_of_equal_size() {
        assert_eq!(page(""), Ok(Page { top: 100, skip: 0 }));
        assert_eq!(page("$top=0"), Ok(Page { top: 100, skip: 0 }));
        assert_eq!(page("%24top=10&$skip=20"), Ok(Page { top: 10, skip: 20 }));
        assert_eq!(page("$top=9999"), Ok(Page { top: 1000, skip: 0 }));
        assert_eq!(page("$top=10&$skip=25"), Err(1218));
        assert_eq!(page("$skip=150"), Err(1218));
        assert_eq!(page("$top=-1"), Err(18));
        assert_eq!(page("$top=ten"), Err(18));
        assert_eq!(page("$top=1&$skip=18446744073709551615"), Err(18));
    }

    #[test]
    fn the_next_link_asks_the_same_question() {
        let query = Query::parse(Some("$filter=name%20eq%20'a%26b'&$top=2"));
        let page = Page { top: 2, skip: 4 };
        let link = page.next_link("http://127.0.0.1:1", "/api/v2/x", &query);
        let parsed = url::Url::parse(&link).expect("a valid address");
        let pairs: Vec<_> = parsed.query_pairs().into_owned().collect();
        assert!(pairs.contains(&("$filter".into(), "name eq 'a&b'".into())));
        assert!(pairs.contains(&("$skip".into(), "6".into())));
    }

    #[test]
    fn one_known_sort_field() {
        const FIELDS: &[Field] = &[Field::new("id", "t.id", Kind::Integer), Field::nested("customers")];
        let order = |raw: &str| order_by(&Query::parse(Some(raw)), FIELDS, "t.id").map_err(|e| e.number());
        assert_eq!(order(""), Ok("t.id".to_owned()));
        assert_eq!(order("$orderBy=ID desc"), Ok("t.id DESC, t.id".to_owned()));
        assert_eq!(order("$orderBy=id,id"), Err(1219));
        assert_eq!(order("$orderBy=customers"), Err(1219));
        assert_eq!(order("$orderBy=name"), Err(17));
        assert_eq!(order("$orderBy=id sideways"), Err(19));
    }
}
