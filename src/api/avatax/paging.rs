//! Reads a list page by page.
//!
//! Owns: how AvaTax's certificate calls page: `$top` stays the same and `$skip` is a multiple of it (else error 1218, AvaTax release
//! notes of 2018), at most one `$orderBy` field (else 1219).
//! Must not touch: what is in the list.
//! Called by: the resources of `api::avatax`.
//!
//! A list that ends too early would make us create what exists already, so nothing short of an answer that says so ends it: a page that is
//! not full, with no count that promises more. Where the first page tells how many there are, the others are fetched several at a time; a
//! count that does not come out right has the list read once more, page after page.

use super::AvaTax;
use super::wire::Page;
use crate::api::request::Request;
use crate::api::transport::{Reply, nonsense};
use crate::ports::{ServiceError, ServiceErrorKind, ServiceResult};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;

/// Records per page. Avalara prints no largest `$top` for these calls; a public connector pages certificates by 100.
const PAGE: usize = 100;

/// No list is longer than this many pages.
const MOST_PAGES: usize = 20_000;

/// So many pages are asked for at a time; how many of these are sent at once is the transport's business.
const PAGES_AHEAD: usize = 16;

const SAME_PAGE: &str = "the service sends the same page again and again";

struct Read<T> {
    items: Vec<T>,
    /// The number of items that the service last promised.
    promised: Option<usize>,
}

impl<T> Read<T> {
    fn is_short(&self) -> bool {
        self.promised.is_some_and(|promised| promised > self.items.len())
    }
}

impl AvaTax {
    /// Every record that `request` matches.
    pub(super) async fn list<T: DeserializeOwned>(&self, request: Request) -> ServiceResult<Vec<T>> {
        if let Some(whole) = self.read_at_once(&request).await? {
            return Ok(whole);
        }
        let first = self.read_pages(&request).await?;
        if !first.is_short() {
            return Ok(first.items);
        }
        let second = self.read_pages(&request).await?;
        // Twice the same number, read to its end: it is the count that is wrong.
        if !second.is_short() || second.items.len() == first.items.len() {
            return Ok(second.items);
        }
        let mut error = nonsense(&request, "the list changed each time it was read");
        error.hint = Some("Wait until nobody else changes this company's records, then run again.".to_owned());
        Err(error)
    }

    /// The whole list, where the service counts it and its pages come out as the count says. `None`: to be read page after page.
    async fn read_at_once<T: DeserializeOwned>(&self, request: &Request) -> ServiceResult<Option<Vec<T>>> {
        let asked = page_request(request, 0, PAGE);
        let reply = self.transport.send(&asked).await?;
        let first: Page<T> = page(&reply, &asked)?;
        let mut last = reply.body;
        let (Some(mut items), Some(count)) = (first.value, first.count.and_then(|count| usize::try_from(count).ok())) else {
            return Ok(None);
        };
        if items.len() == count {
            return Ok(Some(items));
        }
        // The service's pages may be smaller than ours: go on with its own size, so that pages stay equal.
        let top = items.len();
        if top == 0 || top > PAGE || count < top || count.div_ceil(top) > MOST_PAGES {
            return Ok(None);
        }
        let fetch = |number: usize| async move {
            let asked = page_request(request, number * top, top);
            let reply = self.transport.send(&asked).await?;
            Ok::<(Page<T>, Vec<u8>), ServiceError>((page(&reply, &asked)?, reply.body))
        };
        let pages = count.div_ceil(top);
        let mut rest = stream::iter(1..pages).map(fetch).buffered(PAGES_AHEAD);
        while let Some((found, body)) = rest.try_next().await? {
            let values = found.value.unwrap_or_default();
            let wanted = top.min(count - items.len());
            if body == last {
                return Err(nonsense(request, SAME_PAGE));
            }
            if values.len() != wanted || found.count.and_then(|n| usize::try_from(n).ok()) != Some(count) {
                return Ok(None);
            }
            items.extend(values);
            last = body;
        }
        Ok(Some(items))
    }

    async fn read_pages<T: DeserializeOwned>(&self, request: &Request) -> ServiceResult<Read<T>> {
        let mut top = PAGE;
        let mut items: Vec<T> = Vec::new();
        let mut promised = None;
        let mut last = Vec::new();
        for number in 0..MOST_PAGES {
            let asked = page_request(request, number * top, top);
            let reply = self.transport.send(&asked).await?;
            let found: Page<T> = page(&reply, &asked)?;
            let values = match (found.value, found.count) {
                (Some(values), _) => values,
                (None, Some(0)) => Vec::new(),
                // Taking this for an empty list would make us create everything a second time.
                (None, _) => return Err(nonsense(&asked, "the answer is no list")),
            };
            let got = values.len();
            if got == 0 {
                break;
            }
            if reply.body == last {
                return Err(nonsense(&asked, SAME_PAGE));
            }
            last = reply.body;
            items.extend(values);
            promised = found.count.and_then(|count| usize::try_from(count).ok()).or(promised);

            let more = match found.count {
                Some(_) => promised.is_some_and(|promised| promised > items.len()),
                None => found.next.is_some(),
            };
            if got > top && more {
                return Err(nonsense(&asked, "the service sends more records than asked for, and not all"));
            }
            if got != top && !more {
                break;
            }
            // The service's pages are smaller than ours: go on with its own size, so that pages stay equal.
            if got < top && number == 0 {
                top = got;
            }
            if number + 1 == MOST_PAGES {
                let mut error = nonsense(&asked, "the list does not end");
                error.kind = ServiceErrorKind::Protocol;
                return Err(error);
            }
        }
        Ok(Read { items, promised })
    }
}

fn page_request(request: &Request, skip: usize, top: usize) -> Request {
    request.clone().query("$top", top.to_string()).query("$skip", skip.to_string())
}

/// Some calls answer with the bare list.
fn page<T: DeserializeOwned>(reply: &Reply, asked: &Request) -> ServiceResult<Page<T>> {
    match reply.body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[') {
        true => Ok(Page { count: None, value: Some(reply.json(asked)?), next: None }),
        false => reply.json(asked),
    }
}
