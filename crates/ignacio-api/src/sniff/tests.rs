//! Content decides, and a name that contradicts it is refused.

use proptest::prelude::*;

use super::*;

fn sniffed(head: &[u8], name: &str) -> Option<&'static str> {
    media_type(head, &FileName::parse(name).unwrap()).map(|it| it.name)
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
const GIF: &[u8] = b"GIF89a\x01\0\x01\0";
const WEBP: &[u8] = b"RIFF\x24\0\0\0WEBPVP8 ";
const MP3: &[u8] = b"ID3\x04\0\0\0\0\0\0\xff\xfb";
const WAV: &[u8] = b"RIFF\x24\0\0\0WAVEfmt ";
const M4A: &[u8] = b"\0\0\0\x20ftypM4A \0\0\0\0";
const MP4: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0";
const MOV: &[u8] = b"\0\0\0\x14ftypqt  \0\0\0\0";
const OGG: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0";
const FLAC: &[u8] = b"fLaC\0\0\0\x22";
const EXE: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

fn zip_of(entries: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend_from_slice(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        bytes.extend_from_slice(&u16::try_from(entry.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(entry.as_bytes());
    }
    bytes
}

fn opus() -> Vec<u8> {
    let mut bytes = OGG.to_vec();
    bytes.resize(28, 0);
    bytes.extend_from_slice(b"OpusHead\x01");
    bytes
}

fn webm() -> Vec<u8> {
    let mut bytes = b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x82\x84webm".to_vec();
    bytes.resize(300, 0);
    bytes
}

#[test]
fn every_type_is_known_under_its_own_name() {
    let (docx, xlsx, pptx) = (
        zip_of(&["[Content_Types].xml", "_rels/.rels", "word/document.xml"]),
        zip_of(&["xl/workbook.xml"]),
        zip_of(&["docProps/app.xml", "ppt/presentation.xml"]),
    );
    let (opus, webm) = (opus(), webm());
    let cases: &[(&[u8], &str, &str)] = &[
        (b"%PDF-1.7\n%\xe2\xe3", "a.pdf", "application/pdf"),
        ("Año 1: ¿qué tal?".as_bytes(), "a.TXT", "text/plain"),
        (b"# Title\n<div>ok</div>", "a.md", "text/markdown"),
        (b"<h1 align=\"center\">x</h1>", "README.md", "text/markdown"),
        (b"a;b\r\n1;2", "a.csv", "text/csv"),
        (b"{\"a\":1}", "a.json", "application/json"),
        (OLE, "a.doc", "application/msword"),
        (&docx, "a.docx", DOCX),
        (&xlsx, "a.xlsx", XLSX),
        (&pptx, "a.pptx", PPTX),
        (JPEG, "a.jpeg", "image/jpeg"),
        (PNG, "a.png", "image/png"),
        (GIF, "a.gif", "image/gif"),
        (WEBP, "a.webp", "image/webp"),
        (MP3, "a.mp3", "audio/mpeg"),
        (WAV, "a.wav", "audio/x-wav"),
        (M4A, "a.m4a", "audio/m4a"),
        (OGG, "a.ogg", "audio/ogg"),
        (&opus, "a.opus", "audio/ogg"),
        (FLAC, "a.flac", "audio/x-flac"),
        (MP4, "a.mp4", "video/mp4"),
        (&webm, "a.webm", "video/webm"),
        (MOV, "a.mov", "video/quicktime"),
    ];
    for (head, name, kind) in cases {
        assert_eq!(sniffed(head, name), Some(*kind), "{name}");
    }
}

#[test]
fn a_name_without_a_known_ending_leaves_it_to_the_content() {
    assert_eq!(sniffed(PNG, "foto"), Some("image/png"));
    assert_eq!(sniffed(b"%PDF-1.4", "Informe v1.2"), Some("application/pdf"));
    assert_eq!(sniffed(b"hola", "notas"), Some("text/plain"));
}

#[test]
fn pictures_and_recordings_may_be_misnamed_among_themselves() {
    assert_eq!(sniffed(PNG, "captura.jpg"), Some("image/png"));
    assert_eq!(sniffed(MP4, "nota.m4a"), Some("audio/m4a"));
}

#[test]
fn what_is_not_what_it_says_is_refused() {
    let zip = zip_of(&["evil.sh"]);
    let docx = zip_of(&["word/document.xml"]);
    let (mkv, epub) = (b"\x1a\x45\xdf\xa3matroska".to_vec(), zip_of(&["mimetype"]));
    let late_pdf = b"<script>x</script>\n%PDF-1.4".to_vec();
    let cases: &[(&[u8], &str)] = &[
        (EXE, "informe.pdf"),
        (EXE, "informe"),
        (PNG, "nota.txt"),
        (PNG, "nota.pdf"),
        (b"%PDF-1.4 plain", "nota.txt"),
        (b"%PDF-1.4", "nota.docx"),
        (b"hola", "nota.pdf"),
        (b"hola", "nota.png"),
        (b"hola", "nota.py"),
        (b"<html><body>", "nota.txt"),
        (b"<!DOCTYPE html >", "nota"),
        (b"<?xml version=\"1.0\"?><svg/>", "dibujo.svg"),
        (b"#!/bin/sh\nrm -rf /", "nota.txt"),
        (b"hola\0", "nota.txt"),
        (b"caf\xe9 solo", "nota.txt"),
        (b"\x1b[31m", "nota.txt"),
        (&zip, "a.zip"),
        (&zip, "a.docx"),
        (&docx, "a.xlsx"),
        (&epub, "a.epub"),
        (&mkv, "a.webm"),
        (OLE, "a.xls"),
        (OLE, "a"),
        (&late_pdf, "a.pdf"),
        (GIF, "a.mp4"),
        (MP3, "a.pdf"),
    ];
    for (head, name) in cases {
        assert_eq!(sniffed(head, name), None, "{name}: {head:?}");
    }
}

#[test]
fn a_text_that_ends_within_a_character_is_not_whole() {
    let mut watch = Utf8Checker::default();
    assert!(watch.takes(b"caf\xc3") && !watch.is_whole());
    assert!(watch.takes(b"\xa9") && watch.is_whole());
    assert!(!watch.takes(b"\xff"));
}

#[test]
fn text_that_begins_like_a_binary_is_text() {
    for text in ["BMW y otros", "MZ: acta", "ID3 es una etiqueta", "lo que dice %PDF-1.4"] {
        assert_eq!(sniffed(text.as_bytes(), "nota.txt"), Some("text/plain"), "{text}");
    }
}

proptest! {
    #[test]
    fn text_is_text_wherever_it_is_cut(text in "[a-zñáé¿\\n\u{1f600}]{0,40}", size in 1usize..7) {
        let mut watch = Utf8Checker::default();
        for chunk in text.as_bytes().chunks(size) {
            prop_assert!(watch.takes(chunk));
        }
        prop_assert!(watch.is_whole());
    }

    #[test]
    fn no_bytes_make_it_panic(head in prop::collection::vec(any::<u8>(), 0..600), mark in 0usize..4) {
        let marks: [&[u8]; 4] = [b"", OLE, ZIP, b"\0\0\0\x20ftyp"];
        let head = [marks[mark], head.as_slice()].concat();
        for name in ["a", "a.txt", "a.docx", "a.pdf", "a.mp4"] {
            let _ = sniffed(&head, name);
        }
    }
}
