//! Replays a dump of OCR'd pages through the certificate readers and the matching, with no OCR: one extract line per document.
//!
//!     cargo run --example read_words -- DUMP_DIR CUSTOMERS.json "Merchant name" 2026-11-20 > out.jsonl
//!
//! With `--explain FILE` (after the four arguments) it tells what was seen on each page of that scan instead.
//!
//! The dump is one JSON file per scan: `{file, sha256, pages: [{number, words, marks, origin, turned, aspect, image}]}`, where `image` is the
//! path of a grey PNG. The customers are a JSON list of `domain::Customer`.

use certonboard::certificates::{Case, Catalogue, Ink, RuleContext, explain_page, read_documents, see, settle};
use certonboard::domain::{Customer, Gray, Hints, Mark, PageContent, PageOrigin, Policy, Sha256, Word};
use certonboard::matching::Index;
use std::path::Path;
use std::sync::Arc;

#[derive(serde::Deserialize)]
struct Dump {
    file: String,
    pages: Vec<DumpPage>,
}

#[derive(serde::Deserialize)]
struct DumpPage {
    number: u32,
    words: Vec<Word>,
    marks: Vec<Mark>,
    origin: PageOrigin,
    turned: u16,
    aspect: f32,
    image: Option<String>,
}

fn picture(path: &str) -> Option<Arc<Gray>> {
    let gray = image::open(Path::new(path)).ok()?.into_luma8();
    Gray::new(gray.width(), gray.height(), gray.into_raw()).map(Arc::new)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::default();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (explain, args) = match args.iter().position(|a| a == "--explain") {
        Some(at) => (args.get(at + 1).cloned(), args[..at].to_vec()),
        None => (None, args),
    };
    let [dir, customers, merchant, today] = args.as_slice() else {
        return Err("usage: read_words DUMP_DIR CUSTOMERS.json MERCHANT TODAY".into());
    };
    let customers: Vec<Customer> = serde_json::from_str(&std::fs::read_to_string(customers)?)?;
    let index = Index::new(&customers, Some(merchant));
    let ctx = RuleContext { catalogue: Catalogue::builtin(), seller: Some(merchant), today: today.parse()? };
    let mut files: Vec<_> =
        std::fs::read_dir(dir)?.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    let files = std::sync::Mutex::new(files.into_iter());
    // One thread per core: pictures are slow to load.
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(path) = files.lock().ok().and_then(|mut f| f.next()) {
                    let Some(dump) = std::fs::read_to_string(&path).ok().and_then(|t| serde_json::from_str::<Dump>(&t).ok()) else {
                        eprintln!("{}: not a dump", path.display());
                        continue;
                    };
                    let pages: Vec<PageContent> = dump
                        .pages
                        .into_iter()
                        .map(|p| PageContent {
                            number: p.number,
                            words: p.words,
                            marks: p.marks,
                            image: p.image.as_deref().and_then(picture),
                            origin: p.origin,
                            turned: p.turned,
                            corners: None,
                            levelled: 0.0,
                            aspect: p.aspect,
                        })
                        .collect();
                    if let Some(wanted) = &explain {
                        if dump.file.ends_with(wanted.as_str()) {
                            pages.iter().flat_map(|p| explain_page(p, &ctx.reading())).for_each(|line| println!("{line}"));
                        }
                        continue;
                    }
                    let pages: Vec<_> = pages
                        .into_iter()
                        .map(|page| {
                            let ink = page.image.as_deref().and_then(Ink::new);
                            see(page, ink.as_ref(), &ctx.reading())
                        })
                        .collect();
                    for mut document in read_documents(&dump.file, &Sha256::of(dump.file.as_bytes()), &pages, &Hints::default(), &ctx) {
                        let decision = index.decide(&document);
                        let customer = decision.as_ref().and_then(|found| index.customer(&found.customer_code));
                        let case = Case { policy: &policy, today: ctx.today, customers_known: true, customer };
                        settle(&mut document, decision, case);
                        println!("{}", serde_json::to_string(&document).unwrap_or_default());
                    }
                }
            });
        }
    });
    Ok(())
}
