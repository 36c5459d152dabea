//! `Content-Disposition` of a download (RFC 6266): the name is data, whatever is in it.

use actix_web::http::header::{
    Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};

/// The header for a file of this name: always an attachment, with a plain name for old clients and
/// the true one in UTF-8 for all others.
pub(crate) fn attachment(name: &str) -> ContentDisposition {
    // The framework would quote whatever stands in `filename`, which RFC 6266 wants in ASCII and
    // clients read in different ways.
    let plain = name.chars().map(|it| if is_plain(it) { it } else { '_' }).collect();
    let full = ExtendedValue {
        charset: Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name.as_bytes().to_vec(),
    };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(plain), DispositionParam::FilenameExt(full)],
    }
}

/// What may stand in a quoted string without being misread by any client.
fn is_plain(character: char) -> bool {
    matches!(character, ' '..='~') && !matches!(character, '"' | '\\' | '%' | '/' | ';')
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    //! Any name comes back from the header as it was.

    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn name_in(value: &str) -> String {
        let header = HeaderValue::from_str(value).unwrap();
        let parsed = ContentDisposition::from_raw(&header).unwrap();
        assert_eq!(parsed.disposition, DispositionType::Attachment);
        assert!(parsed.get_filename().is_some());
        String::from_utf8(parsed.get_filename_ext().unwrap().value.clone()).unwrap()
    }

    #[test]
    fn quotes_and_accents_survive() {
        let value = attachment("informe año \"1\".pdf").to_string();
        assert_eq!(
            value,
            "attachment; filename=\"informe a_o _1_.pdf\"; \
             filename*=UTF-8''informe%20a%C3%B1o%20%221%22.pdf"
        );
        assert_eq!(name_in(&value), "informe año \"1\".pdf");
    }

    proptest! {
        #[test]
        fn every_name_survives(name in "\\PC{1,60}") {
            prop_assert_eq!(name_in(&attachment(&name).to_string()), name);
        }

        #[test]
        fn nothing_breaks_out_of_the_header(name in any::<String>()) {
            let value = attachment(&name).to_string();
            prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(value.matches('"').count(), 2);
        }
    }
}
