//! For developers: what is read on the pages of a folder of scans.
//!
//!     cargo run --release --example words -- FOLDER [--words] [--json DIR] [--only PART] [--second]
//!
//! Prints a line for each page: file, page, origin, turned, number of words, milliseconds. `--words` adds the lines of text, `--json DIR` writes
//! a JSON file for each scan and a PNG for each page into DIR, `--only PART` reads the files with PART in their name, `--second`
//! gives doubtful places their second look and prints what changed.

use certonboard::certificates::{Catalogue, Ink, ReadContext};
use certonboard::domain::{PageContent, PageOrigin, Sha256, Word};
use certonboard::ocr;
use certonboard::ports::{OcrEngine, OcrEngines, ScanFile, ScanFolder};
use certonboard::sources::scans::Folder;
use certonboard::wizard::second_look;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

struct Options {
    folder: PathBuf,
    words: bool,
    json: Option<PathBuf>,
    only: Option<String>,
    second: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    ocr::limit_threads();
    let mut options = Options { folder: PathBuf::new(), words: false, json: None, only: None, second: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--second" => options.second = true,
            "--words" => options.words = true,
            "--json" => options.json = arguments.next().map(PathBuf::from),
            "--only" => options.only = arguments.next(),
            folder => options.folder = folder.into(),
        }
    }
    if let Some(dir) = &options.json {
        std::fs::create_dir_all(dir)?;
    }
    let engines = engines();
    eprintln!("{}", engines.check()?);
    let folder = Folder::new();
    let listing = folder.list(&options.folder)?;
    for (name, why) in &listing.skipped {
        println!("{name}\tskipped: {why}");
    }
    let files: Vec<_> = listing.files.into_iter().filter(|f| options.only.as_ref().is_none_or(|part| f.name.contains(part))).collect();
    let (next, print, started) = (AtomicUsize::new(0), Mutex::new(()), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut engine = match engines.engine() {
                    Ok(engine) => engine,
                    Err(why) => return eprintln!("{why}"),
                };
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let text = read(&folder, file, engine.as_mut(), &options);
                    let _one_at_a_time = print.lock();
                    print!("{text}");
                }
            });
        }
    });
    eprintln!("{} files in {:.1} s", files.len(), started.elapsed().as_secs_f32());
    Ok(())
}

#[cfg(feature = "tesseract")]
fn engines() -> impl OcrEngines {
    ocr::TesseractEngines::new()
}

#[cfg(not(feature = "tesseract"))]
fn engines() -> impl OcrEngines {
    ocr::NullEngines
}

fn read(folder: &Folder, file: &ScanFile, engine: &mut dyn OcrEngine, options: &Options) -> String {
    let opened = folder.bytes(file).and_then(|bytes| Ok((Sha256::of(&bytes), folder.open(bytes)?)));
    let (sha256, mut scan) = match opened {
        Ok(opened) => opened,
        Err(why) => return format!("{}\tunreadable: {why}\n", file.name),
    };
    let (mut out, mut pages) = (String::new(), Vec::new());
    for number in 1..=scan.page_count() {
        let started = Instant::now();
        let page = scan.page(number).map_err(|e| e.to_string()).and_then(|p| p.read_with(engine, None).map_err(|e| e.to_string()));
        let mut page = match page {
            Ok(page) => page,
            Err(why) => {
                out += &format!("{}\t{number}\tunreadable: {why}\n", file.name);
                continue;
            }
        };
        if options.second {
            let context = ReadContext { catalogue: Catalogue::builtin(), seller: None };
            let before = page.words.clone();
            let ink = page.image.as_deref().and_then(Ink::new);
            if let Err(why) = ink.map_or(Ok(()), |ink| second_look(&mut page, &ink, engine, &context)) {
                out += &format!("{}\t{number}\tno second look: {why}\n", file.name);
            }
            out += &changes(&before, &page.words);
        }
        let origin = match page.origin {
            PageOrigin::TextLayer => "text_layer",
            PageOrigin::Ocr => "ocr",
            PageOrigin::Blank => "blank",
            PageOrigin::Failed => "failed",
        };
        out += &format!("{}\t{number}\t{origin}\t{}\t{}\t{}\n", file.name, page.turned, page.words.len(), started.elapsed().as_millis());
        if options.words {
            out += &lines(&page);
        }
        if let Some(dir) = &options.json {
            pages.push(as_json(&page, &file.name, dir));
        }
    }
    if let Some(dir) = &options.json {
        let all = json!({ "file": file.name, "sha256": sha256.as_str(), "pages": pages });
        if let Err(why) = std::fs::write(dir.join(format!("{}.json", plain(&file.name))), all.to_string()) {
            out += &format!("{}\tnot written: {why}\n", file.name);
        }
    }
    out
}

/// What the second look took away and what it put there.
fn changes(before: &[Word], after: &[Word]) -> String {
    let only = |these: &[Word], those: &[Word]| -> String {
        let told = these.iter().filter(|w| !those.iter().any(|o| o.text == w.text && o.bbox == w.bbox));
        told.map(|w| format!(" {}({:.2},{:.2})", w.text, w.bbox.left, w.bbox.top)).collect()
    };
    format!("  -{}\n  +{}\n", only(before, after), only(after, before))
}

fn lines(page: &PageContent) -> String {
    let mut out = String::new();
    let mut line = None;
    for word in &page.words {
        if line.is_some_and(|l| l != word.line) {
            out.push('\n');
        } else if line.is_some() {
            out.push(' ');
        }
        line = Some(word.line);
        out += &word.text;
    }
    for mark in &page.marks {
        out += &format!("\n[{} = {:?}]", mark.name, mark.value);
    }
    out + "\n\n"
}

fn as_json(page: &PageContent, file: &str, dir: &Path) -> serde_json::Value {
    let picture = dir.join(format!("{}.{}.png", plain(file), page.number));
    let written = page
        .image
        .as_ref()
        .and_then(|i| image::GrayImage::from_raw(i.width, i.height, i.pixels.clone()))
        .and_then(|i| i.save(&picture).ok());
    json!({
        "number": page.number, "words": page.words, "marks": page.marks, "origin": page.origin, "turned": page.turned, "aspect": page.aspect,
        "image": written.map(|()| picture),
    })
}

fn plain(name: &str) -> String {
    name.replace(['/', ' '], "_")
}
