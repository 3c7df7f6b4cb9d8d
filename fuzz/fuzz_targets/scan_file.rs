//! Any bytes as a scan: PDF, TIFF, picture. Opened, each page taken, read with an engine that sees nothing, and taken out as a PDF.

#![no_main]

use certonboard::ocr::NullEngines;
use certonboard::ports::{OcrEngines, ScanFile, ScanFolder};
use certonboard::sources::scans::{Folder, Limits};
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| std::env::temp_dir().join(format!("certonboard-fuzz-scan-{}", std::process::id())));

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, bytes).expect("the temporary folder can be written");
    // Small, so that a run takes milliseconds: how the limits hold is for the tests to say.
    let folder = Folder::with_limits(Limits { file_bytes: 1 << 20, page_pixels: 1 << 20, pages: 8, ..Limits::default() });
    let file = ScanFile { name: "fuzz".into(), path: FILE.clone(), member: None, bytes: bytes.len() as u64 };
    let Ok(mut scan) = folder.bytes(&file).and_then(|bytes| folder.open(bytes)) else { return };
    let mut engine = NullEngines.engine().expect("it needs nothing");
    for number in 1..=scan.page_count() {
        let Ok(input) = scan.page(number) else { continue };
        let Ok(page) = input.read_with(engine.as_mut(), None) else { continue };
        assert_eq!(page.number, number);
        assert!(page.aspect.is_finite() && page.aspect > 0.0);
        for word in &page.words {
            assert!(word.confidence.is_finite() && !word.text.is_empty());
        }
    }
    let _ = folder.pages_as_pdf(&file, [1, scan.page_count()], u64::MAX);
});
