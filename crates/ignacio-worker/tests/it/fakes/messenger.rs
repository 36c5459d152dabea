//! Records codes and notices instead of sending them.

use std::sync::Mutex;

use async_trait::async_trait;
use ignacio_devstack::log_leak_scan;
use ignacio_domain::locale::Locale;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::ports::{Messenger, NoticeKind, SendError};

use super::Faults;

#[derive(Default)]
pub(crate) struct FakeMessenger {
    pub(crate) faults: Faults<SendError>,
    sent: Mutex<Vec<(PhoneNumber, String, Locale)>>,
    notices: Mutex<Vec<(PhoneNumber, NoticeKind, Locale)>>,
}

impl FakeMessenger {
    /// Number, code and language of every code that was sent.
    pub(crate) fn sent(&self) -> Vec<(PhoneNumber, String, Locale)> {
        self.sent.lock().unwrap().clone()
    }

    /// Number, kind and language of every notice that was sent.
    pub(crate) fn notices(&self) -> Vec<(PhoneNumber, NoticeKind, Locale)> {
        self.notices.lock().unwrap().clone()
    }
}

#[async_trait]
impl Messenger for FakeMessenger {
    async fn send_code(
        &self,
        to: &PhoneNumber,
        code: &OtpCode,
        locale: Locale,
    ) -> Result<String, SendError> {
        log_leak_scan::note(code.expose());
        let effect = async {
            let mut sent = self.sent.lock().unwrap();
            sent.push((to.clone(), code.expose().to_owned(), locale));
            Ok(format!("wamid.{}", sent.len()))
        };
        self.faults.around("send_code", effect).await
    }

    async fn send_notice(
        &self,
        to: &PhoneNumber,
        notice: NoticeKind,
        locale: Locale,
    ) -> Result<String, SendError> {
        let effect = async {
            let mut notices = self.notices.lock().unwrap();
            notices.push((to.clone(), notice, locale));
            Ok(format!("wamid.notice.{}", notices.len()))
        };
        self.faults.around("send_notice", effect).await
    }
}
