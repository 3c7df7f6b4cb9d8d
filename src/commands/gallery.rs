//! Makes the pictures of a run's papers out of the scans. What was made before is used again.

use certonboard::domain::{Document, PageView, Sha256, counted};
use certonboard::journal::write_private;
use certonboard::ports::{Progress, RunRecord, ScanFile, ScanFolder};
use certonboard::report::{Gallery, LARGE, MOST_PICTURES, Picture, SMALL, jpeg, shown_pages};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where the large pictures of a page go: `report-pages` beside `report.html`.
fn folder_beside(page: &Path) -> PathBuf {
    let stem = page.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_else(|| "report".to_owned());
    page.with_file_name(format!("{stem}-pages"))
}

/// The pictures for the page that is to be written at `page`. What can't be made is left out and said: a report without a picture is still a report.
pub fn make(record: &RunRecord, scans: &dyn ScanFolder, page: &Path, jobs: usize, progress: &dyn Progress) -> Gallery {
    let wanted: Vec<&Document> = record.documents.iter().filter(|d| !d.is_copy()).collect();
    if wanted.is_empty() {
        return Gallery::default();
    }
    let none = |why: String| Gallery { lack: Some(why), ..Gallery::default() };
    let pages: usize = wanted.iter().map(|d| shown_pages(d).count()).sum();
    if pages > MOST_PICTURES {
        return none(format!(
            "There are no pictures of the papers here: {pages} pages are more than a page should hold ({MOST_PICTURES})."
        ));
    }
    let source = record.steps.iter().find(|s| s.name == "read_certificates").and_then(|s| s.outcome.get("folder")).and_then(|f| f.as_str());
    // Where the scans are gone, pictures that were made before still serve.
    let listed = source.and_then(|folder| scans.list(Path::new(folder)).ok());
    let files: BTreeMap<&str, &ScanFile> = listed.iter().flat_map(|l| &l.files).map(|f| (f.name.as_str(), f)).collect();
    let beside = folder_beside(page);
    // A folder that is not there is told of when the page itself is written.
    if page.parent().is_some_and(|p| !p.as_os_str().is_empty() && !p.is_dir()) || certonboard::journal::private_folder(&beside).is_err() {
        return none(format!("There are no pictures of the papers here: {} can't be made.", beside.display()));
    }
    // Its name comes from whoever named the page: in a link it is nothing but a name.
    let name = beside.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name = format!("./{}", percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC));

    // The papers of one file go to one thread: it is opened once.
    let mut by_file: BTreeMap<&str, Vec<&Document>> = BTreeMap::new();
    for document in wanted {
        by_file.entry(&document.file).or_default().push(document);
    }
    let work: Vec<(&str, Vec<&Document>)> = by_file.into_iter().collect();
    progress.begin("Pictures for the report", "files", Some(work.len() as u64));
    let (next, lacking) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let pictures: Mutex<BTreeMap<(String, u32), Picture>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, work.len().max(1)) {
            scope.spawn(|| {
                while let Some((file, documents)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let made = of_file(scans, files.get(file).copied(), documents, &beside, &name);
                    let asked: usize = documents.iter().map(|d| shown_pages(d).count()).sum();
                    lacking.fetch_add(asked.saturating_sub(made.len()), Ordering::Relaxed);
                    pictures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(made);
                    progress.advance(1, file);
                }
            });
        }
    });
    progress.end();
    let lack = match lacking.into_inner() {
        0 => None,
        n => Some(format!("{} no picture here: the file was changed or moved, or can't be drawn.", counted(n, "page has", "pages have"))),
    };
    Gallery { pictures: pictures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner), lack }
}

type Made = Vec<((String, u32), Picture)>;

fn of_file(scans: &dyn ScanFolder, file: Option<&ScanFile>, documents: &[&Document], beside: &Path, name: &str) -> Made {
    let mut made = Made::new();
    let (mut scan, mut looked) = (None, false);
    for document in documents {
        for page in shown_pages(document) {
            let view = document.views.iter().find(|v| v.page == page);
            let stem = stem(document, page, view);
            let (small_file, large_file) = (beside.join(format!("{stem}-s.jpg")), beside.join(format!("{stem}.jpg")));
            let large = format!("{name}/{stem}.jpg");
            if let (Ok(small), true) = (std::fs::read(&small_file), large_file.is_file()) {
                made.push(((document.key(), page), Picture { small, large }));
                continue;
            }
            if !looked {
                looked = true;
                let bytes = file.and_then(|file| scans.bytes(file).ok()).filter(|bytes| Sha256::of(bytes) == document.sha256);
                scan = bytes.and_then(|bytes| scans.open(bytes).ok());
            }
            let drawn = scan.as_mut().and_then(|scan| scan.page(page).ok()?.image);
            let Some(picture) = drawn.map(|picture| PageView::upright(view, picture)) else { continue };
            let (Some(small), Some(big)) = (jpeg(&picture, SMALL), jpeg(&picture, LARGE)) else { continue };
            if write_private(&large_file, &big).is_ok() && write_private(&small_file, &small).is_ok() {
                made.push(((document.key(), page), Picture { small, large }));
            }
        }
    }
    made
}

/// A name of letters and digits only, another one when the page is turned otherwise.
fn stem(document: &Document, page: u32, view: Option<&PageView>) -> String {
    let digits = |sum: &Sha256, n: usize| sum.as_str().chars().filter(char::is_ascii_hexdigit).take(n).collect::<String>();
    format!("{}-{page}-{}", digits(&document.sha256, 16), digits(&Sha256::of(format!("{view:?}").as_bytes()), 6))
}
