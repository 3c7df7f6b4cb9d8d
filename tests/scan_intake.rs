//! The intake of scans, on files made here.

use certonboard::domain::{Gray, MarkValue, PageOrigin};
use certonboard::ocr::{FixedText, NullEngines};
use certonboard::ports::{FolderListing, Manner, OcrEngines, OpenScan, PageInput, ScanFile, ScanFolder, Unreadable};
use certonboard::sources::scans::{Folder, Limits};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, GrayImage, ImageFormat, Luma};
use lopdf::{Dictionary, Document, EncryptionState, EncryptionVersion, Object, ObjectId, Permissions, Stream, dictionary};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

// ---- making files -------------------------------------------------------------------------------------------------------------------

/// Opens a file as the reader does: its bytes, then what they are.
fn open(folder: &dyn ScanFolder, file: &ScanFile) -> Result<Box<dyn OpenScan>, Unreadable> {
    folder.open(folder.bytes(file)?)
}

/// A page: its content stream, its annotations and what else its dictionary holds.
#[derive(Default, Clone)]
struct Sheet {
    content: String,
    annotations: Vec<Dictionary>,
    more: Dictionary,
}

fn text(lines: &[(f32, f32, &str)]) -> Sheet {
    let shown: String = lines.iter().map(|(x, y, line)| format!("BT /F1 12 Tf {x} {y} Td ({line}) Tj ET\n")).collect();
    Sheet { content: shown, ..Sheet::default() }
}

/// Enough lines of text to be believed.
fn letter(first: &str) -> Sheet {
    let rest = "The undersigned hereby claims exemption from the payment of sales and use taxes";
    let rows: Vec<(f32, f32, &str)> =
        std::iter::once((72.0, 720.0, first)).chain((1..20).map(|n| (72.0, 720.0 - 30.0 * n as f32, rest))).collect();
    text(&rows)
}

/// Fonts and pictures are inherited from the page tree, as many programs write it. `Im1` is a page of noise, 170 × 220 pixels.
fn document(sheets: &[Sheet]) -> Document {
    let mut pdf = Document::with_version("1.5");
    let tree = pdf.new_object_id();
    let font = pdf.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" });
    let noise: Vec<u8> = (0..170 * 220u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let picture = pdf.add_object(Stream::new(
        dictionary! { "Type" => "XObject", "Subtype" => "Image", "Width" => 170, "Height" => 220, "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8 },
        noise,
    ));
    let mut fields = Vec::new();
    let mut kids: Vec<Object> = Vec::new();
    for sheet in sheets {
        let content = pdf.add_object(Stream::new(dictionary! {}, sheet.content.clone().into_bytes()));
        let mut page = dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content };
        page.extend(&sheet.more);
        let page = pdf.add_object(page);
        let annotations: Vec<Object> = sheet
            .annotations
            .iter()
            .map(|a| {
                let mut about = a.clone();
                about.set("P", page);
                let stream = about.remove(b"TestAppearance");
                if let Some(Object::String(shown, _)) = stream {
                    let resources = dictionary! { "Font" => dictionary! { "F1" => font } };
                    let form = dictionary! { "Type" => "XObject", "Subtype" => "Form", "BBox" => vec![0.into(), 0.into(), 200.into(), 20.into()], "Resources" => resources };
                    let normal = pdf.add_object(Stream::new(form, shown));
                    about.set("AP", dictionary! { "N" => normal });
                }
                let widget = about.get(b"Subtype").and_then(Object::as_name).is_ok_and(|n| n == b"Widget");
                let id = pdf.add_object(about);
                if widget {
                    fields.push(Object::Reference(id));
                }
                id.into()
            })
            .collect();
        if !annotations.is_empty() {
            pdf.get_dictionary_mut(page).unwrap().set("Annots", annotations);
        }
        kids.push(page.into());
    }
    let count = kids.len() as i64;
    let resources = dictionary! { "Font" => dictionary! { "F1" => font }, "XObject" => dictionary! { "Im1" => picture } };
    pdf.objects.insert(
        tree,
        dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources, "MediaBox" => vec![0.into(), 0.into(), 612.into(), 792.into()] }.into(),
    );
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree, "AcroForm" => dictionary! { "Fields" => fields } });
    pdf.trailer.set("Root", catalog);
    pdf
}

fn saved(mut pdf: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).unwrap();
    bytes
}

fn pdf(sheets: &[Sheet]) -> Vec<u8> {
    saved(document(sheets))
}

fn tree_of(pdf: &Document) -> ObjectId {
    pdf.catalog().unwrap().get(b"Pages").unwrap().as_reference().unwrap()
}

/// Black top left quarter on white.
fn marked(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| Luma([if x < width / 2 && y < height / 2 { 0 } else { 255 }]))
}

fn encoded(image: GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageLuma8(image);
    // The GIF encoder wants colours.
    let picture = if format == ImageFormat::Gif { DynamicImage::ImageRgb8(picture.to_rgb8()) } else { picture };
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg(image: &GrayImage, orientation: Option<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90).encode(image, image.width(), image.height(), ExtendedColorType::L8).unwrap();
    if let Some(turn) = orientation {
        let exif = [b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[turn], b"\0\0\0\0\0\0"].concat();
        let length = (exif.len() + 2) as u16;
        let segment = [&[0xff, 0xe1][..], &length.to_be_bytes(), &exif].concat();
        bytes.splice(2..2, segment);
    }
    bytes
}

struct TiffPage {
    width: u32,
    height: u32,
    compression: u32,
    bits: u32,
    across: u32,
    down: u32,
    orientation: u32,
    data: Vec<u8>,
}

fn tiff(pages: &[TiffPage]) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    for (index, page) in pages.iter().enumerate() {
        let entries: [(u16, u16, u32); 13] = [
            (256, 4, page.width),
            (257, 4, page.height),
            (258, 3, page.bits),
            (259, 3, page.compression),
            // CCITT's white is 0, as fax machines write it; grey has black at 0.
            (262, 3, u32::from(page.bits == 8)),
            (273, 4, 0),
            (274, 3, page.orientation),
            (277, 3, 1),
            (278, 4, page.height),
            (279, 4, page.data.len() as u32),
            (282, 5, 0),
            (283, 5, 0),
            (296, 3, 2),
        ];
        let after = out.len() + 2 + 12 * entries.len() + 4;
        out.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, value) in entries {
            let value = match tag {
                273 => after as u32 + 16,
                282 => after as u32,
                283 => after as u32 + 8,
                _ => value,
            };
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(1u32.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        let end = after + 16 + page.data.len();
        let next = if index + 1 < pages.len() { end as u32 } else { 0 };
        out.extend(next.to_le_bytes());
        for ratio in [page.across, page.down] {
            out.extend(ratio.to_le_bytes());
            out.extend(1u32.to_le_bytes());
        }
        out.extend(&page.data);
    }
    out
}

fn group4(image: &GrayImage) -> TiffPage {
    let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
    for row in image.rows() {
        let pixels = row.map(|p| if p.0[0] == 0 { fax::Color::Black } else { fax::Color::White });
        encoder.encode_line(pixels, image.width() as u16).unwrap();
    }
    let data = encoder.finish().unwrap().finish();
    TiffPage { width: image.width(), height: image.height(), compression: 4, bits: 1, across: 200, down: 200, orientation: 1, data }
}

fn plain_gray(image: &GrayImage, orientation: u32) -> TiffPage {
    TiffPage {
        width: image.width(),
        height: image.height(),
        compression: 1,
        bits: 8,
        across: 200,
        down: 200,
        orientation,
        data: image.as_raw().clone(),
    }
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

struct Scans {
    dir: TempDir,
    folder: Folder,
}

impl Scans {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap(), folder: Folder::new() }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn file(&self, name: &str, bytes: &[u8]) -> ScanFile {
        ScanFile { name: name.into(), path: self.put(name, bytes), member: None, bytes: bytes.len() as u64 }
    }

    fn list(&self) -> FolderListing {
        self.folder.list(self.dir.path()).unwrap()
    }

    fn open(&self, name: &str, bytes: &[u8]) -> Result<Box<dyn OpenScan>, Unreadable> {
        open(&self.folder, &self.file(name, bytes))
    }

    /// Why a file can't be read, at opening or at its first page.
    fn trouble(&self, name: &str, bytes: &[u8]) -> String {
        match self.open(name, bytes).and_then(|mut scan| scan.page(1)) {
            Ok(page) => panic!("{name} was read: {page:?}"),
            Err(why) => why.reason,
        }
    }

    fn page(&self, bytes: &[u8]) -> PageInput {
        self.open("one.bin", bytes).unwrap().page(1).unwrap()
    }

    fn part(&self, bytes: &[u8], pages: [u32; 2]) -> Vec<u8> {
        self.folder.pages_as_pdf(&self.file("whole.bin", bytes), pages, u64::MAX).unwrap().bytes
    }
}

fn said(page: &PageInput) -> String {
    page.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn picture(page: &PageInput) -> &Gray {
    page.image.as_deref().unwrap()
}

/// Which quarters of a picture are dark: top left, top right, bottom left, bottom right.
fn dark(image: &Gray) -> [bool; 4] {
    let (w, h) = (image.width, image.height);
    [(w / 4, h / 4), (w * 3 / 4, h / 4), (w / 4, h * 3 / 4), (w * 3 / 4, h * 3 / 4)].map(|(x, y)| image.at(x, y) < 128)
}

// ---- the folder ---------------------------------------------------------------------------------------------------------------------

#[test]
fn the_folder_is_listed_by_content_and_every_other_file_with_its_reason() {
    let scans = Scans::new();
    scans.put("b/really a pdf.jpg", &pdf(&[letter("A")]));
    scans.put("a.png", &encoded(marked(4, 4), ImageFormat::Png));
    scans.put("no ending", &encoded(marked(4, 4), ImageFormat::Png));
    scans.put("broken.pdf", b"hello");
    scans.put("Thumbs.db", b"x");
    scans.put(".DS_Store", b"x");
    scans.put(".git/config.pdf", b"%PDF-1.4");
    scans.put("notes.txt", b"call them");
    scans.put("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0");
    scans.put("letter.docx", &zip(&[("[Content_Types].xml", b"<x/>")]));
    let listing = scans.list();
    let names: Vec<&str> = listing.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["a.png", "b/really a pdf.jpg", "broken.pdf", "no ending", "photo.heic"]);
    let skipped: Vec<String> = listing.skipped.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    assert_eq!(
        skipped,
        [
            ".DS_Store: a hidden file",
            ".git: a hidden file",
            "Thumbs.db: a system file",
            "letter.docx: not a scan: a text document; save the certificate in it as PDF",
            "notes.txt: not a scan: a .txt file",
        ]
    );
    let pdf = listing.files.iter().find(|f| f.name.ends_with(".jpg")).unwrap();
    assert_eq!(open(&scans.folder, pdf).unwrap().page_count(), 1);
}

#[test]
fn a_missing_folder_is_named() {
    let why = Folder::new().list(Path::new("/no/such/folder")).unwrap_err().reason;
    assert!(why.contains("/no/such/folder") && why.contains("does not exist") && why.contains("check the spelling"), "{why}");
    let scans = Scans::new();
    let file = scans.put("a.pdf", b"x");
    assert!(Folder::new().list(&file).unwrap_err().reason.contains("is a file, not a folder"));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed() {
    let (scans, other) = (Scans::new(), Scans::new());
    let target = other.put("secret.pdf", &pdf(&[letter("A")]));
    std::os::unix::fs::symlink(&target, scans.dir.path().join("link.pdf")).unwrap();
    std::os::unix::fs::symlink(other.dir.path(), scans.dir.path().join("dir")).unwrap();
    let listing = scans.list();
    assert_eq!(listing.files, []);
    assert_eq!(listing.skipped.len(), 2);
    assert!(listing.skipped.iter().all(|(_, why)| why.starts_with("a link")));
}

#[test]
fn zips_are_opened_one_level_deep() {
    let scans = Scans::new();
    let one = pdf(&[letter("Inside")]);
    let archive = zip(&[
        ("z.pdf", &one),
        ("../../escape.pdf", &one),
        ("dir/b.png", &encoded(marked(4, 4), ImageFormat::Png)),
        ("inner.zip", &zip(&[("x.pdf", &one)])),
        ("__MACOSX/._z.pdf", b"x"),
        ("readme.txt", b"hello"),
    ]);
    scans.put("pack.zip", &archive);
    let listing = scans.list();
    let names: Vec<&str> = listing.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["pack.zip/dir/b.png", "pack.zip/escape.pdf", "pack.zip/z.pdf"]);
    let skipped: Vec<&str> = listing.skipped.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(skipped, ["pack.zip/__MACOSX/._z.pdf", "pack.zip/inner.zip", "pack.zip/readme.txt"]);
    assert!(listing.skipped[1].1.contains("ZIP inside a ZIP"));
    for file in listing.files.iter().filter(|f| f.name.ends_with(".pdf")) {
        let mut scan = open(&scans.folder, file).unwrap();
        assert!(said(&scan.page(1).unwrap()).starts_with("Inside"));
    }
    let made = scans.folder.pages_as_pdf(&listing.files[2], [1, 1], u64::MAX).unwrap().bytes;
    assert!(made.starts_with(b"%PDF"));
}

#[test]
fn zip_bombs_and_oversized_zips_are_refused() {
    let mut scans = Scans::new();
    let zeros = vec![0u8; 40 << 20];
    scans.put("bomb.zip", &zip(&[("a.pdf", &zeros)]));
    scans.put("cut.zip", &zip(&[("a.pdf", b"%PDF-1.4")])[..40]);
    let listing = scans.list();
    assert_eq!(listing.files, []);
    assert!(listing.skipped[0].1.contains("ZIP bomb"), "{:?}", listing.skipped);
    assert!(listing.skipped[1].1.contains("damaged or cut off"), "{:?}", listing.skipped);
    scans.folder = Folder::with_limits(Limits { zip_members: 1, ..Limits::default() });
    scans.put("many.zip", &zip(&[("a.pdf", b"%PDF-1.4"), ("b.pdf", b"%PDF-1.4")]));
    assert!(scans.list().skipped.iter().any(|(_, why)| why.contains("2 members, more than the limit of 1")));
    // What the ZIP says about sizes is not believed when it is read.
    scans.folder = Folder::with_limits(Limits { file_bytes: 1_000, ..Limits::default() });
    let file = ScanFile { name: "x".into(), path: scans.dir.path().join("bomb.zip"), member: Some("a.pdf".into()), bytes: 10 };
    assert!(open(&scans.folder, &file).err().unwrap().reason.contains("larger than the limit"));
}

// ---- files that can't be read -------------------------------------------------------------------------------------------------------

#[test]
fn damaged_files_say_what_is_wrong_and_what_to_do() {
    let scans = Scans::new();
    assert!(scans.trouble("empty.pdf", b"").contains("empty (0 bytes)"));
    assert!(scans.trouble("page.pdf", b"<html>not found</html>").contains("no PDF"));
    assert!(scans.trouble("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0").contains("HEIC"));
    let noise = GrayImage::from_fn(400, 400, |x, y| Luma([(x.wrapping_mul(y) % 251) as u8]));
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::WebP] {
        let whole = encoded(noise.clone(), format);
        let why = scans.trouble("cut", &whole[..whole.len() / 2]);
        assert!(why.contains("cut off") || why.contains("damaged"), "{format:?}: {why}");
    }
    let whole = tiff(&[group4(&marked(600, 600))]);
    assert!(scans.trouble("cut.tif", &whole[..whole.len() - 20]).contains("cut off"));
    let whole = pdf(&[letter("A")]);
    assert!(scans.trouble("cut.pdf", &whole[..60]).contains("cut off"));
}

#[test]
fn a_pdf_cut_off_anywhere_says_so_or_is_read_as_far_as_it_goes() {
    let scans = Scans::new();
    let whole = pdf(&[letter("Permit 32049817263")]);
    let text = said(&scans.page(&whole));
    let mut told = 0;
    for length in (8..whole.len() - 8).step_by(7) {
        match scans.open("cut.pdf", &whole[..length]).and_then(|mut scan| scan.page(1)) {
            // Never a page that looks as if nothing had been on it.
            Ok(page) => {
                assert!(!said(&page).is_empty() && text.starts_with(&said(&page)), "{length} of {}: {:?}", whole.len(), said(&page))
            }
            Err(why) => {
                assert!(why.reason.contains("cut off"), "{length} of {}: {}", whole.len(), why.reason);
                told += 1;
            }
        }
    }
    assert!(told > 10, "{told}");
}

#[test]
fn huge_pictures_are_refused_by_their_header() {
    let scans = Scans::new();
    let crc = |bytes: &[u8]| {
        !bytes
            .iter()
            .fold(!0u32, |crc, b| (0..8).fold(crc ^ u32::from(*b), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 }))
    };
    let chunk = |kind: &[u8], body: &[u8]| {
        let named = [kind, body].concat();
        [&(body.len() as u32).to_be_bytes()[..], &named, &crc(&named).to_be_bytes()].concat()
    };
    let header = [&30_000u32.to_be_bytes()[..], &30_000u32.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(b"IHDR", &header), &chunk(b"IDAT", b"x\x9c\x03\0\0\0\0\x01"), &chunk(b"IEND", b"")]
        .concat();
    let why = scans.trouble("huge.png", &png);
    assert!(why.contains("30000 × 30000") && why.contains("100 million"), "{why}");
    let mut page = group4(&marked(8, 8));
    (page.width, page.height) = (60_000, 60_000);
    assert!(scans.trouble("huge.tif", &tiff(&[page])).contains("60000 × 60000"));
}

#[test]
fn page_trees_that_lie() {
    let scans = Scans::new();
    let mut declared = document(&[letter("Only")]);
    let tree = tree_of(&declared);
    declared.get_dictionary_mut(tree).unwrap().set("Count", 10_000);
    assert_eq!(scans.open("declared.pdf", &saved(declared)).unwrap().page_count(), 1);

    let mut cyclic = document(&[letter("Only")]);
    let tree = tree_of(&cyclic);
    let kids = cyclic.get_dictionary_mut(tree).unwrap().get_mut(b"Kids").unwrap().as_array_mut().unwrap();
    kids.push(tree.into());
    let bytes = saved(cyclic);
    assert_eq!(scans.open("cyclic.pdf", &bytes).unwrap().page_count(), 1);
    assert!(scans.part(&bytes, [1, 1]).starts_with(b"%PDF"));

    let many: Vec<Sheet> = vec![Sheet::default(); 2_001];
    assert!(scans.trouble("many.pdf", &pdf(&many)).contains("2001 pages, more than the limit of 2000"));
}

#[test]
fn encrypted_pdfs_open_when_the_password_is_empty() {
    let scans = Scans::new();
    let locked = |password: &str| {
        let mut pdf = document(&[letter("Secret"), letter("Second")]);
        let id = Object::string_literal("0123456789abcdef");
        pdf.trailer.set("ID", vec![id.clone(), id]);
        let how = EncryptionVersion::V2 {
            document: &pdf,
            owner_password: "owner",
            user_password: password,
            key_length: 128,
            permissions: Permissions::all(),
        };
        let state = EncryptionState::try_from(how).unwrap();
        pdf.encrypt(&state).unwrap();
        saved(pdf)
    };
    assert!(scans.trouble("locked.pdf", &locked("pass")).contains("protected by a password"));
    let open = locked("");
    assert!(said(&scans.page(&open)).starts_with("Secret"));
    let part = scans.part(&open, [2, 2]);
    assert!(said(&scans.page(&part)).starts_with("Second"));
    // The upload must not need a password either.
    assert!(!scans.part(&open, [1, 2]).windows(8).any(|w| w == b"/Encrypt"));
}

// ---- pictures -----------------------------------------------------------------------------------------------------------------------

#[test]
fn every_kind_of_picture_is_read() {
    let scans = Scans::new();
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::WebP] {
        let rgb = DynamicImage::ImageLuma8(marked(850, 1100)).to_rgb8();
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(rgb).write_to(&mut bytes, format).unwrap();
        let page = scans.page(bytes.get_ref());
        assert!(page.recognise && page.words.is_empty());
        assert_eq!((picture(&page).width, picture(&page).height, page.dpi), (850, 1100, 100), "{format:?}");
        assert_eq!(dark(picture(&page)), [true, false, false, false], "{format:?}");
        let made = scans.page(&scans.part(bytes.get_ref(), [1, 1]));
        assert_eq!(dark(picture(&made)), [true, false, false, false], "{format:?}");
        assert!(made.recognise);
    }
}

#[test]
fn exif_orientation_is_applied_to_the_page_and_to_the_upload() {
    let scans = Scans::new();
    let wants = [[true, false, false, false], [false, true, false, false], [false, false, false, true], [false, false, true, false]];
    for (turn, want) in [(1u8, 0), (2, 1), (3, 3 - 1), (4, 3), (5, 0), (6, 1), (7, 2), (8, 3)] {
        let bytes = jpeg(&marked(400, 600), Some(turn));
        let page = scans.page(&bytes);
        let size = if turn >= 5 { (600, 400) } else { (400, 600) };
        assert_eq!((picture(&page).width, picture(&page).height), size, "orientation {turn}");
        assert_eq!(dark(picture(&page)), wants[want], "orientation {turn}");
        let made = scans.part(&bytes, [1, 1]);
        // The JPEG itself is inside, not a copy with losses.
        assert!(made.windows(64).any(|w| w == &bytes[bytes.len() - 64..]), "orientation {turn}");
        let again = scans.page(&made);
        assert_eq!(dark(picture(&again)), wants[want], "orientation {turn}");
    }
}

#[test]
fn tiffs_of_several_pages_and_codings() {
    let scans = Scans::new();
    let modified_huffman =
        TiffPage { width: 64, height: 16, compression: 2, bits: 1, across: 204, down: 98, orientation: 1, data: [0xd9, 0xa8].repeat(16) };
    let bytes = tiff(&[group4(&marked(1700, 2200)), plain_gray(&marked(60, 80), 6), modified_huffman]);
    let mut scan = scans.open("fax.tif", &bytes).unwrap();
    assert_eq!(scan.page_count(), 3);
    let first = scan.page(1).unwrap();
    assert_eq!((picture(&first).width, picture(&first).height, first.dpi), (1700, 2200, 200));
    assert_eq!(dark(picture(&first)), [true, false, false, false]);
    let second = scan.page(2).unwrap();
    assert_eq!((picture(&second).width, picture(&second).height), (80, 60));
    assert_eq!(dark(picture(&second)), [false, true, false, false]);
    let third = scan.page(3).unwrap();
    assert_eq!((picture(&third).width, picture(&third).height), (64, 33));
    assert!(picture(&third).pixels.iter().all(|p| *p == 255));
    assert!(scan.page(4).unwrap_err().reason.contains("3 page(s)"));

    let made = scans.part(&bytes, [1, 2]);
    assert!(made.len() < 20_000, "a black-and-white page must stay small, but the PDF has {} bytes", made.len());
    let mut again = scans.open("made.pdf", &made).unwrap();
    assert_eq!(again.page_count(), 2);
    assert_eq!(dark(picture(&again.page(1).unwrap())), [true, false, false, false]);
    assert_eq!(dark(picture(&again.page(2).unwrap())), [false, true, false, false]);
}

#[test]
fn a_tiff_whose_second_page_is_gone_still_has_its_first() {
    let scans = Scans::new();
    let whole = tiff(&[group4(&marked(300, 300)), plain_gray(&marked(300, 300), 1)]);
    let mut scan = scans.open("cut.tif", &whole[..whole.len() - 40_000]).unwrap();
    assert_eq!(scan.page_count(), 2);
    assert!(scan.page(1).is_ok());
    assert!(scan.page(2).unwrap_err().reason.contains("cut off"));
}

// ---- PDF ----------------------------------------------------------------------------------------------------------------------------

#[test]
fn a_text_layer_gives_words_at_their_places() {
    let scans = Scans::new();
    let mut sheet = letter("Purchaser Acme");
    sheet.content += "BT /F1 12 Tf 400 720 Td (Permit) Tj ET";
    let page = scans.page(&pdf(&[sheet]));
    assert!(!page.recognise);
    assert_eq!((picture(&page).width, picture(&page).height, page.dpi), (1275, 1650, 150));
    let words: Vec<&str> = page.words.iter().take(4).map(|w| w.text.as_str()).collect();
    assert_eq!(words, ["Purchaser", "Acme", "Permit", "The"]);
    assert!(page.words[..3].iter().all(|w| w.line == 0 && w.confidence == 1.0));
    assert_eq!(page.words[3].line, 1);
    let b = page.words[2].bbox;
    assert!((b.left - 400.0 / 612.0).abs() < 0.003, "{b:?}");
    assert!((b.bottom - 72.0 / 792.0).abs() < 0.003, "{b:?}");
    assert!(b.width() > 0.04 && b.width() < 0.08 && b.height() > 0.005 && b.height() < 0.02, "{b:?}");
    // The picture has ink where the word is said to be.
    assert!(picture(&page).ink(b, 128) > 0.1);
}

#[test]
fn turned_and_cropped_pages_stand_upright() {
    let scans = Scans::new();
    let mut sheet = letter("Upright");
    sheet.more.set("Rotate", 90);
    let page = scans.page(&pdf(std::slice::from_ref(&sheet)));
    // The PDF turns the page so that its text runs down; it is turned back.
    assert!(!page.recognise);
    assert_eq!((picture(&page).width, picture(&page).height), (1275, 1650));
    assert_eq!(page.words[0].text, "Upright");
    assert!((page.words[0].bbox.left - 72.0 / 612.0).abs() < 0.01, "{:?}", page.words[0].bbox);
    assert!(picture(&page).ink(page.words[0].bbox, 128) > 0.1);

    sheet.more.set("Rotate", 0);
    sheet.more.set("CropBox", vec![36.into(), 36.into(), 576.into(), 756.into()]);
    let page = scans.page(&pdf(&[sheet]));
    assert!((page.words[0].bbox.left - 36.0 / 540.0).abs() < 0.003, "{:?}", page.words[0].bbox);
    // Its "p" and "g" hang below the line it stands on.
    assert!((page.words[0].bbox.bottom - (36.0 + 12.0 * 0.21) / 720.0).abs() < 0.002, "{:?}", page.words[0].bbox);
    assert!(picture(&page).ink(page.words[0].bbox, 128) > 0.1);
}

#[test]
fn a_scan_is_recognised_whatever_was_guessed_under_it() {
    let scans = Scans::new();
    let under = |mode: u8| {
        let mut sheet = letter("Guess");
        sheet.content = format!("q 612 0 0 792 0 0 cm /Im1 Do Q {mode} Tr {}", sheet.content);
        scans.page(&pdf(&[sheet]))
    };
    let guessed = under(3);
    assert!(guessed.recognise && guessed.words.is_empty());
    assert_eq!((picture(&guessed).width, guessed.dpi), (170 * 72 / 20, 72));
    // Typed on the scan, for everybody to see: kept, and the rest is recognised.
    let typed = under(0);
    assert!(typed.recognise && typed.dpi >= 200);
    assert_eq!(typed.words[0].text, "Guess");
    let mut engine = FixedText { text: "printed form".into() }.engine().unwrap();
    let read = typed.read_with(engine.as_mut(), None).unwrap();
    assert_eq!(read.origin, PageOrigin::Ocr);
    assert!(read.words.iter().any(|w| w.text == "Guess"));
}

#[test]
fn blank_pages_are_blank() {
    let scans = Scans::new();
    let page = scans.page(&pdf(&[Sheet::default()]));
    assert!(!page.recognise);
    let read = page.read_with(NullEngines.engine().unwrap().as_mut(), None).unwrap();
    assert_eq!(read.origin, PageOrigin::Blank);
}

fn field(name: &str, value: &str, shown: Option<&str>) -> Dictionary {
    let mut about = dictionary! {
        "Type" => "Annot", "Subtype" => "Widget", "FT" => "Tx", "T" => Object::string_literal(name), "V" => Object::string_literal(value),
        "Rect" => vec![100.into(), 50.into(), 300.into(), 70.into()],
    };
    if let Some(shown) = shown {
        about.set("TestAppearance", Object::string_literal(format!("BT /F1 12 Tf 2 5 Td ({shown}) Tj ET")));
    }
    about
}

#[test]
fn form_fields_are_marks_and_their_values_are_words_once() {
    let scans = Scans::new();
    for shown in [None, Some("Acme Supply")] {
        let mut sheet = letter("Form");
        sheet.annotations.push(field("purchaser", "Acme Supply", shown));
        let mut tick = field("resale", "", None);
        tick.set("FT", "Btn");
        tick.set("AS", "Yes");
        tick.set("Rect", vec![20.into(), 50.into(), 30.into(), 60.into()]);
        sheet.annotations.push(tick);
        let page = scans.page(&pdf(&[sheet]));
        assert_eq!(page.marks.len(), 2);
        assert_eq!((page.marks[0].name.as_str(), &page.marks[0].value), ("purchaser", &MarkValue::Text("Acme Supply".into())));
        assert_eq!((page.marks[1].name.as_str(), &page.marks[1].value), ("resale", &MarkValue::Checked(true)));
        let found: Vec<_> = page.words.iter().filter(|w| w.text == "Acme" || w.text == "Supply").collect();
        assert_eq!(found.len(), 2, "shown: {shown:?}");
        assert_eq!(found[0].line, found[1].line);
        let b = page.marks[0].bbox;
        assert!(found.iter().all(|w| w.bbox.left >= b.left && w.bbox.top >= b.top && w.bbox.bottom <= b.bottom + 0.002), "{found:?} {b:?}");
    }
}

#[test]
fn fields_that_are_their_own_parents_end() {
    let scans = Scans::new();
    let mut sheet = letter("Form");
    sheet.annotations.push(field("a", "value", None));
    let mut pdf = document(&[sheet]);
    let id = *pdf.objects.iter().find(|(_, o)| o.as_dict().is_ok_and(|d| d.has(b"FT"))).unwrap().0;
    pdf.get_dictionary_mut(id).unwrap().set("Parent", id);
    pdf.get_dictionary_mut(id).unwrap().set("Kids", vec![Object::Reference(id)]);
    let bytes = saved(pdf);
    assert_eq!(scans.page(&bytes).marks.len(), 1);
    assert!(scans.part(&bytes, [1, 1]).starts_with(b"%PDF"));
}

#[test]
fn some_pages_of_a_pdf_are_a_pdf_of_just_these() {
    let scans = Scans::new();
    let sheets: Vec<Sheet> = (1..=5)
        .map(|n| {
            let mut sheet = letter(&format!("Page{n}"));
            sheet.content += "q 100 0 0 100 400 600 cm /Im1 Do Q";
            sheet.annotations.push(field(&format!("name{n}"), &format!("Filled{n}"), Some(&format!("Filled{n}"))));
            sheet
        })
        .collect();
    let whole = pdf(&sheets);
    let part = scans.part(&whole, [2, 3]);
    assert!(part.starts_with(b"%PDF-"));
    let mut scan = scans.open("part.pdf", &part).unwrap();
    assert_eq!(scan.page_count(), 2);
    for (number, name) in [(1, "2"), (2, "3")] {
        let page = scan.page(number).unwrap();
        let read = said(&page);
        assert!(read.contains(&format!("Page{name}")) && read.contains(&format!("Filled{name}")), "{read}");
        assert_eq!(page.marks.len(), 1);
        // The field's appearance is drawn, not only stored.
        assert!(picture(&page).ink(page.marks[0].bbox, 128) > 0.01);
    }
    let reopened = Document::load_mem(&part).unwrap();
    assert_eq!(reopened.get_pages().len(), 2);
    let whole_text = String::from_utf8_lossy(&part).into_owned();
    assert!(!whole_text.contains("name1") && !whole_text.contains("name5"), "other pages' fields must be gone");
    assert!(scans.folder.pages_as_pdf(&scans.file("w.pdf", &whole), [3, 6], u64::MAX).unwrap_err().reason.contains("5 page(s)"));
    assert!(scans.folder.pages_as_pdf(&scans.file("w.pdf", &whole), [3, 2], u64::MAX).is_err());
    assert_eq!(scans.part(&whole, [1, 5]), whole);
}

#[test]
fn an_upload_that_is_too_large_is_drawn_anew_as_fine_as_fits() {
    let scans = Scans::new();
    // A photograph full of detail, a letter sheet at 300 dpi: hardly anything packs it.
    let mut state = 7u32;
    let noise = GrayImage::from_fn(2550, 3300, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Luma([if (x / 80 + y / 80) % 2 == 0 { 255 } else { (state >> 24) as u8 }])
    });
    let file = scans.file("photo.jpg", &jpeg(&noise, None));
    let whole = scans.folder.pages_as_pdf(&file, [1, 1], u64::MAX).unwrap();
    assert_eq!(whole.reduced, None);
    let size = whole.bytes.len() as u64;
    let fits = scans.folder.pages_as_pdf(&file, [1, 1], size).unwrap();
    assert_eq!(fits, whole, "what fits is sent as it is");

    let half = scans.folder.pages_as_pdf(&file, [1, 1], size / 2).unwrap();
    let told = half.reduced.as_deref().unwrap();
    assert!((half.bytes.len() as u64) <= size / 2 && told.contains(" dpi"), "{told}");
    let little = scans.folder.pages_as_pdf(&file, [1, 1], size / 6).unwrap();
    assert!((little.bytes.len() as u64) <= size / 6);
    assert!(little.bytes.len() < half.bytes.len(), "the finest that fits is taken");
    // It still shows the page: the checks of white and noise are where they were.
    let mut scan = scans.open("little.pdf", &little.bytes).unwrap();
    assert_eq!(scan.page_count(), 1);
    let page = scan.page(1).unwrap();
    let image = picture(&page);
    let (w, h) = (image.width as usize, image.height as usize);
    let shade = |column: f32, row: f32| {
        let (x, y) = ((column * 80.0 / 2550.0 * w as f32) as usize, (row * 80.0 / 3300.0 * h as f32) as usize);
        let patch = (0..5).flat_map(|dy| (0..5).map(move |dx| (x + dx, y + dy)));
        patch.map(|(x, y)| u32::from(image.pixels[y * w + x])).sum::<u32>() / 25
    };
    assert!(shade(2.4, 2.4) > 245 && shade(3.4, 2.4) < 220, "{} {}", shade(2.4, 2.4), shade(3.4, 2.4));

    let refused = scans.folder.pages_as_pdf(&file, [1, 1], 1000).unwrap_err();
    assert!(refused.reason.contains("even at 100 dpi"), "{refused}");
}

#[test]
fn huge_pictures_in_a_pdf_are_not_unpacked() {
    let scans = Scans::new();
    let mut pdf = document(&[Sheet { content: "q 612 0 0 792 0 0 cm /Im1 Do Q".into(), ..Sheet::default() }]);
    let image = pdf.objects.values_mut().filter_map(|o| o.as_stream_mut().ok()).find(|s| s.dict.has(b"Width")).unwrap();
    image.dict.set("Width", 30_000);
    image.dict.set("Height", 30_000);
    assert!(scans.trouble("huge.pdf", &saved(pdf)).contains("30000 × 30000"));
}

#[test]
fn content_that_never_ends_is_stopped() {
    let scans = Scans::new();
    let sheet = Sheet { content: "0 0 m 1 1 l S ".repeat(3_100_000), ..Sheet::default() };
    let mut pdf = document(&[sheet]);
    pdf.compress();
    assert!(scans.trouble("endless.pdf", &saved(pdf)).contains("more work than any paper does"));
}

#[test]
fn paint_that_never_ends_is_stopped() {
    let scans = Scans::new();
    // Few steps, each of them as large as the page: hours of drawing in a few kilobytes.
    let sheet = Sheet { content: "0 0 612 792 re f ".repeat(200_000), ..Sheet::default() };
    let mut pdf = document(&[sheet]);
    pdf.compress();
    assert!(scans.trouble("painted.pdf", &saved(pdf)).contains("more work than any paper does"));
}

#[test]
fn only_text_that_can_be_seen_counts() {
    let scans = Scans::new();
    let mut sheet = letter("Shown");
    sheet.content += "1 1 1 rg BT /F1 12 Tf 300 720 Td (Ghost) Tj ET ";
    // White letters on a dark bar are a heading.
    sheet.content += "0 0 0 rg 72 60 300 30 re f 1 1 1 rg BT /F1 12 Tf 80 70 Td (Heading) Tj ET ";
    // An old value painted over, and the new one.
    sheet.content +=
        "0 0 0 rg BT /F1 12 Tf 72 30 Td (Oldvalue) Tj ET 1 1 1 rg 70 25 200 20 re f 0 0 0 rg BT /F1 12 Tf 72 30 Td (Newvalue) Tj ET ";
    let read = said(&scans.page(&pdf(&[sheet])));
    assert!(read.contains("Shown") && read.contains("Heading") && read.contains("Newvalue"), "{read}");
    assert!(!read.contains("Ghost") && !read.contains("Oldvalue"), "{read}");
    // A scanner's guess that its picture was laid over.
    let mut sheet = letter("Guess");
    sheet.content += "q 612 0 0 792 0 0 cm /Im1 Do Q";
    let page = scans.page(&pdf(&[sheet]));
    assert!(page.recognise && page.words.is_empty(), "{}", said(&page));
}

#[test]
fn what_is_typed_over_a_line_of_underscores_stays_whole() {
    let scans = Scans::new();
    let mut sheet = letter("Form");
    sheet.content += "BT /F1 12 Tf 72 60 Td (Name ________________________) Tj ET BT /F1 12 Tf 118 60 Td (Overton Park) Tj ET ";
    let read = said(&scans.page(&pdf(&[sheet])));
    assert!(read.contains("Name Overton Park"), "{read}");
}

#[test]
fn values_of_form_fields_are_bounded() {
    let scans = Scans::new();
    let mut sheet = letter("Form");
    let endless = "long ".repeat(400_000);
    sheet.annotations.extend((0..50).map(|n| field(&format!("f{n}"), &endless, None)));
    let page = scans.page(&pdf(&[sheet]));
    let most = page.marks.iter().map(|m| if let MarkValue::Text(t) = &m.value { t.len() } else { 0 }).max();
    assert!(most.is_some_and(|most| most <= 10_000), "{most:?}");
}

#[test]
fn tiffs_of_too_many_pages_are_refused() {
    let scans = Scans::new();
    let page = || TiffPage { width: 8, height: 8, compression: 1, bits: 8, across: 204, down: 98, orientation: 1, data: vec![255; 64] };
    let many: Vec<TiffPage> = (0..2_001).map(|_| page()).collect();
    assert!(scans.trouble("many.tif", &tiff(&many)).contains("more than 2000 pages"));
}

#[test]
fn what_is_typed_on_a_crooked_scan_is_made_level_with_it() {
    struct Leveller;
    impl certonboard::ports::OcrEngine for Leveller {
        fn recognise(
            &mut self,
            image: &Gray,
            _: u32,
            _: Option<u16>,
        ) -> Result<certonboard::ports::Recognised, certonboard::ports::OcrError> {
            let image = Some(std::sync::Arc::new(image.clone()));
            Ok(certonboard::ports::Recognised { image, levelled: 0.05f32.atan(), ..Default::default() })
        }
        fn reread(
            &mut self,
            _: &Gray,
            _: certonboard::domain::BBox,
            _: Manner,
        ) -> Result<Vec<certonboard::domain::Word>, certonboard::ports::OcrError> {
            Ok(vec![])
        }
    }
    let scans = Scans::new();
    // Typed along a line that falls by 5 in 100.
    let sheet = Sheet {
        content: "q 612 0 0 792 0 0 cm /Im1 Do Q BT /F1 12 Tf 72 500 Td (Left) Tj ET BT /F1 12 Tf 472 480 Td (Right) Tj ET".into(),
        ..Sheet::default()
    };
    let page = scans.page(&pdf(&[sheet])).read_with(&mut Leveller, None).unwrap();
    let at = |text: &str| page.words.iter().find(|w| w.text == text).unwrap().bbox.mid_y();
    assert!((at("Left") - at("Right")).abs() < 0.003, "{} {}", at("Left"), at("Right"));
}

#[test]
fn a_thousand_damaged_files_never_panic() {
    let scans = Scans::new();
    let mut form = letter("Form");
    form.annotations.push(field("a", "value", Some("value")));
    let seeds = [
        pdf(&[form]),
        tiff(&[group4(&marked(64, 64)), plain_gray(&marked(20, 20), 6)]),
        jpeg(&marked(64, 64), Some(6)),
        encoded(marked(64, 64), ImageFormat::Png),
        encoded(marked(64, 64), ImageFormat::Gif),
        encoded(marked(64, 64), ImageFormat::Bmp),
        encoded(marked(64, 64), ImageFormat::WebP),
    ];
    let mut random = 0x2545_f491_4f6c_dd1du64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below.max(1) as u64) as usize
    };
    for round in 0..300 {
        for seed in &seeds {
            let mut bytes = seed.clone();
            for _ in 0..1 + next(8) {
                let at = next(bytes.len());
                bytes[at] = next(256) as u8;
            }
            if round % 3 == 0 {
                bytes.truncate(next(bytes.len()));
            }
            let file = scans.file("damaged", &bytes);
            if let Ok(mut scan) = open(&scans.folder, &file) {
                for number in 1..=scan.page_count().min(3) {
                    let _ = scan.page(number);
                }
            }
            if round % 10 == 0 {
                let _ = scans.folder.pages_as_pdf(&file, [1, 1], u64::MAX);
            }
        }
    }
}

// ---- recognition --------------------------------------------------------------------------------------------------------------------

#[cfg(feature = "tesseract")]
#[test]
fn drawn_text_is_recognised_in_every_turn() {
    use certonboard::ocr::TesseractEngines;
    let engines = TesseractEngines::new();
    if let Err(why) = engines.check() {
        eprintln!("skipped: {why}");
        return;
    }
    let mut engine = engines.engine().unwrap();
    let scans = Scans::new();
    let page = scans.page(&pdf(&[letter("Permit 32049817263")]));
    let upright = image::GrayImage::from_raw(picture(&page).width, picture(&page).height, picture(&page).pixels.clone()).unwrap();
    for (turned, given) in [
        (0, upright.clone()),
        (90, image::imageops::rotate270(&upright)),
        (180, image::imageops::rotate180(&upright)),
        (270, image::imageops::rotate90(&upright)),
    ] {
        let gray = Gray::new(given.width(), given.height(), given.into_raw()).unwrap();
        let read = engine.recognise(&gray, page.dpi, None).unwrap();
        assert_eq!(read.turned, turned);
        let number = read.words.iter().find(|w| w.text == "32049817263").unwrap_or_else(|| panic!("{turned}: {:?}", read.words));
        assert!((number.bbox.bottom - 72.0 / 792.0).abs() < 0.01, "{number:?}");
        let sheet = read.image.unwrap();
        let again = engine.reread(&sheet, number.bbox, Manner::Same { digits: true, soft: false }).unwrap();
        assert_eq!(again[0].text, "32049817263");
        assert!((again[0].bbox.left - number.bbox.left).abs() < 0.01);
        // The second opinion, on the whole line: its words have their own places on the page.
        let line = read.words.iter().filter(|w| w.line == number.line).map(|w| w.bbox).reduce(|a, b| a.union(&b)).unwrap();
        let other = engine.reread(&sheet, line, Manner::Other).unwrap();
        assert_eq!(other.iter().map(|w| w.text.as_str()).collect::<Vec<_>>(), ["Permit", "32049817263"]);
        assert!(
            (other[1].bbox.left - number.bbox.left).abs() < 0.015 && (other[1].bbox.right - number.bbox.right).abs() < 0.015,
            "{other:?}"
        );
        assert!((other[1].bbox.mid_y() - number.bbox.mid_y()).abs() < 0.01 && other[1].confidence > 0.9, "{other:?}");
    }
    let white = Gray::new(600, 800, vec![255; 600 * 800]).unwrap();
    assert_eq!(engine.reread(&white, certonboard::domain::BBox::new(0.1, 0.6, 0.6, 0.62), Manner::Other).unwrap(), []);
    assert_eq!(engine.recognise(&white, 100, None).unwrap().words, []);
    let tiny = Gray::new(1, 1, vec![0]).unwrap();
    assert!(engine.recognise(&tiny, 30, None).is_ok());
}

#[cfg(feature = "tesseract")]
#[test]
fn missing_language_data_says_what_to_install() {
    use certonboard::ocr::TesseractEngines;
    let why = TesseractEngines::with_data("/no/such/data").check().unwrap_err().to_string();
    assert!(why.contains("apt-get install tesseract-ocr"), "{why}");
}

#[test]
fn every_page_of_the_sample_corpus_can_be_taken_out_as_a_small_pdf() {
    let Some(shared) = std::env::var_os("CERTONBOARD_SHARED") else {
        eprintln!("skipped: CERTONBOARD_SHARED does not name the folder with the sample corpus");
        return;
    };
    let (folder, scratch) = (Folder::new(), Scans::new());
    let listing = folder.list(&Path::new(&shared).join("corpus/dev/scans")).unwrap();
    assert_eq!(listing.skipped, []);
    for file in &listing.files {
        let count = open(&folder, file).unwrap().page_count();
        for number in 1..=count {
            let made = folder.pages_as_pdf(file, [number, number], u64::MAX).unwrap().bytes;
            let again = scratch.open("made.pdf", &made).unwrap();
            assert_eq!(again.page_count(), 1, "{}", file.name);
            assert!(
                (made.len() as u64) < file.bytes * 5 / 4 + 20_000,
                "{} page {number}: {} of {} bytes",
                file.name,
                made.len(),
                file.bytes
            );
        }
    }
}
