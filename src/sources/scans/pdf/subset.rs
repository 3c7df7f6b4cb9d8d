//! Some pages of a PDF as a PDF.
//!
//! Owns: leaving out the other pages and what only they need.
//! Must not touch: what is on the pages.
//! Called by: `Folder`, for upload.

use super::{Limits, PdfPages, draw};
use crate::ports::Unreadable;
use crate::sources::scans::write::{PageImage, PdfWriter};
use crate::sources::scans::{guard, in_range, unreadable};
use hayro::hayro_syntax::Pdf;
use lopdf::{Dictionary, Document, Object, ObjectId};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What a page may pass down to its children.
const INHERITED: [&[u8]; 4] = [b"Resources", b"MediaBox", b"CropBox", b"Rotate"];
/// What the catalogue keeps: the rest names pages that are gone, or acts when the file is opened.
const CATALOG_KEEPS: [&[u8]; 6] = [b"Type", b"Pages", b"AcroForm", b"OCProperties", b"Lang", b"Version"];
const MOST_PARENTS: usize = 64;
/// A page that can't be copied is uploaded as a picture of this resolution.
const DPI_AS_PICTURE: u32 = 200;

pub fn subset(bytes: Vec<u8>, pages: [u32; 2], limits: &Limits) -> Result<Vec<u8>, Unreadable> {
    let opened = PdfPages::open(bytes, limits)?;
    let count = opened.pdf.pages().len() as u32;
    in_range(pages, count)?;
    let bytes: &[u8] = opened.pdf.data().as_ref();
    let encrypted = bytes.windows(8).any(|w| w == b"/Encrypt");
    if pages == [1, count] && bytes.starts_with(b"%PDF-") && !encrypted {
        return Ok(bytes.to_vec());
    }
    let copied = guard::guarded_deep("the PDF", || copied(bytes, pages, count));
    match copied.ok().filter(|made| holds(made, pages[1] - pages[0] + 1)) {
        Some(made) => Ok(made),
        // The PDF is too damaged to be taken apart, yet its pages can be drawn.
        None => guard::guarded_deep("the PDF", || drawn(&opened.pdf, pages, DPI_AS_PICTURE, limits.page_pixels)),
    }
}

fn holds(made: &[u8], count: u32) -> bool {
    let reopened = guard::guarded_deep("the PDF", || Pdf::new(made.to_vec()).map_err(|_| unreadable("")));
    made.starts_with(b"%PDF-")
        && reopened.is_ok_and(|pdf| {
            pdf.pages().len() == count as usize
                && pdf.pages().iter().all(|p| p.raw().contains_key("Contents") || p.raw().contains_key("Annots"))
        })
}

/// Every page as a picture of this resolution.
pub fn drawn_anew(bytes: &[u8], dpi: u32, limits: &Limits) -> Result<Vec<u8>, Unreadable> {
    let opened = PdfPages::open(bytes.to_vec(), limits)?;
    let count = opened.pdf.pages().len() as u32;
    guard::guarded_deep("the PDF", || drawn(&opened.pdf, [1, count], dpi, limits.page_pixels))
}

fn drawn(pdf: &Pdf, pages: [u32; 2], dpi: u32, page_pixels: u64) -> Result<Vec<u8>, Unreadable> {
    let mut writer = PdfWriter::new();
    for number in pages[0]..=pages[1] {
        let (gray, dpi) = draw(&pdf.pages()[number as usize - 1], dpi, page_pixels, &Arc::new(AtomicBool::new(false)), 0)?;
        writer.add(PageImage::Gray(&gray), dpi)?;
    }
    writer.finish()
}

fn copied(bytes: &[u8], pages: [u32; 2], count: u32) -> Result<Vec<u8>, Unreadable> {
    let broken = |e: lopdf::Error| unreadable(format!("the PDF can't be taken apart: {e}"));
    let mut pdf = Document::load_mem(bytes).map_err(broken)?;
    let all = pdf.get_pages();
    // Both readers must mean the same pages by the same numbers.
    if all.len() != count as usize {
        return Err(unreadable("the PDF's page tree is damaged"));
    }
    let kept: Vec<ObjectId> = (pages[0]..=pages[1]).filter_map(|n| all.get(&n).copied()).collect();
    let gone: HashSet<ObjectId> = all.values().copied().filter(|id| !kept.contains(id)).collect();
    let tree = pdf.new_object_id();
    for id in &kept {
        let inherited = inherited(&pdf, *id);
        let page = pdf.get_dictionary_mut(*id).map_err(broken)?;
        for (key, value) in inherited {
            page.set(key, value);
        }
        page.set("Parent", tree);
        // Article threads, actions and thumbnails lead to other pages.
        for key in [&b"B"[..], b"AA", b"Thumb", b"StructParents"] {
            page.remove(key);
        }
    }
    let mut about = Dictionary::new();
    about.set("Type", "Pages");
    about.set("Kids", kept.iter().map(|id| Object::Reference(*id)).collect::<Vec<_>>());
    about.set("Count", kept.len() as i64);
    pdf.objects.insert(tree, Object::Dictionary(about));
    let widgets = annotations(&mut pdf, &kept, &gone);
    keep_fields(&mut pdf, &widgets);
    let catalog = pdf.catalog_mut().map_err(broken)?;
    let drop: Vec<Vec<u8>> = catalog.iter().map(|(k, _)| k.clone()).filter(|k| !CATALOG_KEEPS.contains(&k.as_slice())).collect();
    for key in drop {
        catalog.remove(&key);
    }
    catalog.set("Pages", tree);
    for id in &gone {
        pdf.objects.remove(id);
    }
    pdf.trailer.remove(b"Encrypt");
    pdf.trailer.remove(b"Prev");
    pdf.prune_objects();
    pdf.renumber_objects();
    let mut out = Vec::new();
    pdf.save_to(&mut out).map_err(|e| unreadable(format!("the PDF for upload could not be written: {e}")))?;
    Ok(out)
}

/// What the page gets from its ancestors and does not say itself.
fn inherited(pdf: &Document, page: ObjectId) -> Vec<(Vec<u8>, Object)> {
    let mut found: Vec<(Vec<u8>, Object)> = Vec::new();
    let Ok(own) = pdf.get_dictionary(page) else { return found };
    let mut parent = own.get(b"Parent").and_then(Object::as_reference).ok();
    for _ in 0..MOST_PARENTS {
        let Some(dict) = parent.and_then(|id| pdf.get_dictionary(id).ok()) else { break };
        for key in INHERITED {
            if !own.has(key)
                && !found.iter().any(|(k, _)| k == key)
                && let Ok(value) = dict.get(key)
            {
                found.push((key.to_vec(), value.clone()));
            }
        }
        parent = dict.get(b"Parent").and_then(Object::as_reference).ok();
    }
    found
}

/// The annotations of the kept pages, after links and pop-ups to pages that are gone have been dropped.
fn annotations(pdf: &mut Document, kept: &[ObjectId], gone: &HashSet<ObjectId>) -> HashSet<ObjectId> {
    let mut widgets = HashSet::new();
    for page in kept {
        let Some(list) = pdf
            .get_dictionary(*page)
            .ok()
            .and_then(|p| p.get(b"Annots").ok())
            .and_then(|a| pdf.dereference(a).ok())
            .and_then(|(_, a)| a.as_array().ok())
            .cloned()
        else {
            continue;
        };
        let stays = |item: &Object| {
            let Some(dict) = pdf.dereference(item).ok().and_then(|(_, o)| o.as_dict().ok()) else { return false };
            let named = |kind: &[u8]| dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|n| n == kind);
            !named(b"Link") && !named(b"Popup")
        };
        let list: Vec<Object> = list.into_iter().filter(stays).collect();
        for item in &list {
            let Ok(id) = item.as_reference() else { continue };
            widgets.insert(id);
            if let Ok(dict) = pdf.get_dictionary_mut(id) {
                if dict.get(b"P").and_then(Object::as_reference).is_ok_and(|p| gone.contains(&p)) {
                    dict.set("P", *page);
                }
                for key in [&b"A"[..], b"AA", b"Popup", b"IRT", b"StructParent"] {
                    dict.remove(key);
                }
            }
        }
        if let Ok(dict) = pdf.get_dictionary_mut(*page) {
            dict.set("Annots", list);
        }
    }
    widgets
}

/// Leaves only the fields that have a widget on a kept page.
fn keep_fields(pdf: &mut Document, widgets: &HashSet<ObjectId>) {
    let form = pdf.catalog().ok().and_then(|c| c.get(b"AcroForm").ok()).cloned();
    let Some((form_id, mut form)) = form.and_then(|f| pdf.dereference(&f).ok().and_then(|(id, o)| Some((id, o.as_dict().ok()?.clone()))))
    else {
        return;
    };
    let fields =
        form.get(b"Fields").ok().and_then(|f| pdf.dereference(f).ok()).and_then(|(_, f)| f.as_array().ok()).cloned().unwrap_or_default();
    let mut seen = HashSet::new();
    let left: Vec<Object> = fields.into_iter().filter(|f| f.as_reference().is_ok_and(|id| trim(pdf, id, widgets, &mut seen))).collect();
    form.set("Fields", left);
    form.remove(b"XFA");
    form.remove(b"CO");
    match form_id {
        Some(id) => {
            pdf.objects.insert(id, Object::Dictionary(form));
        }
        None => {
            if let Ok(catalog) = pdf.catalog_mut() {
                catalog.set("AcroForm", form);
            }
        }
    }
}

/// Whether a field, or one below it, has a widget on a kept page; drops the children that have none.
fn trim(pdf: &mut Document, id: ObjectId, widgets: &HashSet<ObjectId>, seen: &mut HashSet<ObjectId>) -> bool {
    if !seen.insert(id) {
        return false;
    }
    let kids = pdf
        .get_dictionary(id)
        .ok()
        .and_then(|d| d.get(b"Kids").ok())
        .and_then(|k| pdf.dereference(k).ok())
        .and_then(|(_, k)| k.as_array().ok())
        .cloned();
    let Some(kids) = kids else { return widgets.contains(&id) };
    let left: Vec<Object> = kids.into_iter().filter(|k| k.as_reference().is_ok_and(|kid| trim(pdf, kid, widgets, seen))).collect();
    let any = !left.is_empty();
    if let Ok(dict) = pdf.get_dictionary_mut(id) {
        dict.set("Kids", left);
    }
    any
}
