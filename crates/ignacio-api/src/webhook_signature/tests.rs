//! What Meta signs passes, also while the secret is replaced; nothing else does.

use actix_web::http::header::HeaderValue;
use ignacio_devstack::whatsapp::sign;

use super::*;

const BODY: &[u8] = br#"{"object":"whatsapp_business_account"}"#;

fn secrets(secrets: &[&str]) -> AppSecrets {
    AppSecrets::new(secrets.iter().map(|it| SecretString::from(*it)))
}

fn headers(values: &[&[u8]]) -> HeaderMap {
    let values = values.iter().map(|it| (HEADER, HeaderValue::from_bytes(it).unwrap()));
    let mut headers = HeaderMap::new();
    values.for_each(|(name, value)| headers.append(name, value));
    headers
}

fn is_accepted(header: &str, body: &[u8], accepted: &[&str]) -> bool {
    let found = Signature::find(&headers(&[header.as_bytes()]));
    found.is_some_and(|signature| signature.verifies(body, &secrets(accepted)))
}

#[test]
fn it_is_hmac_sha_256() {
    // RFC 4231, test case 2.
    let known = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert!(is_accepted(known, b"what do ya want for nothing?", &["Jefe"]));
    assert!(is_accepted(
        &known.to_uppercase().replace("SHA", "sha"),
        b"what do ya want for nothing?",
        &["Jefe"]
    ));
}

#[test]
fn bodies_are_signed_as_bytes() {
    for body in [
        &b""[..],
        b"{}",
        "{\"name\":\"Ana 🌱 ñandú\"}".as_bytes(),
        br#"{"name":"Ana \ud83c\udf31 \u00f1and\u00fa","url":"https:\/\/example.org"}"#,
        br#"{ "a" : 1 }"#,
        b"\xff\xfe\x00 no text at all",
    ] {
        let signature = sign("app-secret", body);
        assert!(is_accepted(&signature, body, &["app-secret"]), "{body:?}");
        let other = [body, b" "].concat();
        assert!(!is_accepted(&signature, &other, &["app-secret"]), "{body:?}");
    }
    // The same text, escaped in another way, is another body.
    let escaped = sign("app-secret", br#"{"name":"\u00f1"}"#);
    assert!(!is_accepted(&escaped, "{\"name\":\"ñ\"}".as_bytes(), &["app-secret"]));
}

#[test]
fn two_secrets_are_accepted_while_one_is_replaced() {
    let (old, new) = (sign("old", BODY), sign("new", BODY));
    for (accepted, takes_old, takes_new) in
        [(&["old"][..], true, false), (&["new", "old"], true, true), (&["new"], false, true)]
    {
        assert_eq!(is_accepted(&old, BODY, accepted), takes_old, "{accepted:?}");
        assert_eq!(is_accepted(&new, BODY, accepted), takes_new, "{accepted:?}");
    }
}

#[test]
fn without_a_secret_nothing_is_accepted() {
    assert!(!is_accepted(&sign("", BODY), BODY, &[]));
    assert!(!is_accepted(&sign("", BODY), BODY, &[""]));
    assert!(secrets(&["", ""]).is_empty());
}

#[test]
fn every_kind_of_broken_header_is_refused() {
    let good = sign("app-secret", BODY);
    let hex = good.strip_prefix("sha256=").unwrap();
    let (short, _) = hex.split_at(62);
    let (odd, _) = hex.split_at(63);
    for broken in [
        String::new(),
        "sha256=".to_owned(),
        hex.to_owned(),
        format!("sha1={hex}"),
        format!("SHA256={hex}"),
        format!("sha256:{hex}"),
        format!("sha256= {hex}"),
        format!(" sha256={hex}"),
        format!("sha256={hex} "),
        format!("sha256={hex}00"),
        format!("sha256={short}"),
        format!("sha256={odd}"),
        format!("sha256=0x{short}"),
        format!("sha256=+{odd}"),
        format!("sha256={odd}g"),
        format!("sha256={}", "g".repeat(64)),
        format!("sha256={}", "０".repeat(64)),
        format!("sha256={hex},sha256={hex}"),
        format!("sha256={hex};sha256={hex}"),
    ] {
        assert_eq!(Signature::parse(broken.as_bytes()), None, "{broken:?}");
    }
    assert_eq!(Signature::parse(b"sha256=\xff"), None);
    assert_eq!(Signature::find(&HeaderMap::new()), None);
    // Which of two would count?
    assert_eq!(Signature::find(&headers(&[good.as_bytes(), good.as_bytes()])), None);
    assert!(Signature::find(&headers(&[good.as_bytes()])).is_some());
}

#[test]
fn one_wrong_digit_anywhere_is_refused() {
    let good = sign("app-secret", BODY);
    for place in "sha256=".len()..good.len() {
        let mut bad = good.clone().into_bytes();
        bad[place] = if bad[place] == b'0' { b'1' } else { b'0' };
        let bad = String::from_utf8(bad).unwrap();
        assert!(!is_accepted(&bad, BODY, &["app-secret"]), "{bad}");
    }
}

#[test]
fn secrets_do_not_show_themselves() {
    assert!(!format!("{:?}", secrets(&["hunter2"])).contains("hunter2"));
}
