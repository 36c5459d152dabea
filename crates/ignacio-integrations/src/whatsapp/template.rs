//! Template messages: those with a code, and notices.

use ignacio_domain::{locale::Locale, otp::OtpCode, phone::PhoneNumber};
use serde::Serialize;

/// A template message; the text belongs to the template.
#[derive(Serialize)]
pub(super) struct TemplateMessage<'a> {
    messaging_product: &'static str,
    recipient_type: &'static str,
    to: &'a str,
    r#type: &'static str,
    template: Template<'a>,
}

impl<'a> TemplateMessage<'a> {
    /// With a code, which is filled in twice: into the text, and into the button that copies it.
    pub(super) fn with_code(
        template: &'a str,
        to: &'a PhoneNumber,
        code: &'a OtpCode,
        locale: Locale,
    ) -> Self {
        let parameters = || [Parameter { r#type: "text", text: code.expose() }];
        let components = vec![
            Component::Body { parameters: parameters() },
            Component::Button { sub_type: "url", index: "0", parameters: parameters() },
        ];
        Self::new(template, to, locale, components)
    }

    /// Without parameters.
    pub(super) fn without_parameters(
        template: &'a str,
        to: &'a PhoneNumber,
        locale: Locale,
    ) -> Self {
        Self::new(template, to, locale, Vec::new())
    }

    fn new(
        name: &'a str,
        to: &'a PhoneNumber,
        locale: Locale,
        components: Vec<Component<'a>>,
    ) -> Self {
        Self {
            messaging_product: "whatsapp",
            recipient_type: "individual",
            to: to.expose(),
            r#type: "template",
            template: Template { name, language: Language { code: locale.as_str() }, components },
        }
    }
}

#[derive(Serialize)]
struct Template<'a> {
    name: &'a str,
    language: Language,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component<'a>>,
}

#[derive(Serialize)]
struct Language {
    code: &'static str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Component<'a> {
    Body {
        parameters: [Parameter<'a>; 1],
    },
    /// Meta turns a copy-code button into a link, which is why it has a link's parameters.
    Button {
        sub_type: &'static str,
        index: &'static str,
        parameters: [Parameter<'a>; 1],
    },
}

#[derive(Serialize)]
struct Parameter<'a> {
    r#type: &'static str,
    text: &'a str,
}

#[cfg(test)]
mod tests {
    //! The messages are what Meta documents for such templates.

    use serde_json::json;

    use super::*;

    #[test]
    fn the_code_is_in_the_text_and_on_the_button() {
        let phone = PhoneNumber::parse("+57 300 123 4567").unwrap();
        let code = OtpCode::parse("012345").unwrap();
        let message = TemplateMessage::with_code("codigo", &phone, &code, Locale::Es);
        let parameters = json!([{ "type": "text", "text": "012345" }]);
        assert_eq!(
            serde_json::to_value(message).unwrap(),
            json!({
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                "to": "+573001234567",
                "type": "template",
                "template": {
                    "name": "codigo",
                    "language": { "code": "es" },
                    "components": [
                        { "type": "body", "parameters": parameters },
                        { "type": "button", "sub_type": "url", "index": "0",
                          "parameters": parameters },
                    ],
                },
            })
        );
    }

    #[test]
    fn a_notice_has_no_parameters() {
        let phone = PhoneNumber::parse("+57 300 123 4567").unwrap();
        let message =
            serde_json::to_value(TemplateMessage::without_parameters("aviso", &phone, Locale::En))
                .unwrap();
        assert_eq!(message["template"], json!({ "name": "aviso", "language": { "code": "en" } }));
        assert_eq!(message["to"], "+573001234567");
    }
}
