//! Names are data: paths and invisible characters are removed, and the rest stays.

use proptest::prelude::*;

use super::*;

#[test]
fn paths_and_invisible_characters_are_removed() {
    for (sent, kept) in [
        ("informe.pdf", "informe.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\informe año \"1\".pdf", "informe año \"1\".pdf"),
        ("a\r\nb.txt", "ab.txt"),
        ("\u{202e}fdp.exe", "fdp.exe"),
    ] {
        assert_eq!(FileName::parse(sent).unwrap().as_str(), kept);
    }
}

#[test]
fn invalid_names_are_rejected() {
    for bad in ["", " ", ".", "..", "a/", "\u{200b}"] {
        assert_eq!(FileName::parse(bad).unwrap_err(), FileNameError::Blank, "{bad:?}");
    }
    assert_eq!(FileName::parse(&"ñ".repeat(128)).unwrap_err(), FileNameError::TooLong);
}

#[test]
fn extensions_are_lower_case() {
    assert_eq!(FileName::parse("A.PDF").unwrap().extension().as_deref(), Some("pdf"));
    assert_eq!(FileName::parse(".env").unwrap().extension(), None);
    assert_eq!(FileName::parse("a.").unwrap().extension(), None);
}

#[test]
fn each_extension_belongs_to_one_type() {
    let mut seen = std::collections::HashSet::new();
    for media_type in MEDIA_TYPES {
        for extension in media_type.extensions {
            assert!(seen.insert(extension), "{extension}");
            assert_eq!(MediaType::from_extension(extension), Some(*media_type));
        }
    }
}

proptest! {
    #[test]
    fn any_text_parses_to_a_fixed_point_or_fails(text in any::<String>()) {
        if let Ok(name) = FileName::parse(&text) {
            prop_assert!(!name.as_str().contains(['/', '\\', '\r', '\n', '\0']));
            prop_assert_eq!(FileName::parse(name.as_str()), Ok(name.clone()));
        }
    }
}
