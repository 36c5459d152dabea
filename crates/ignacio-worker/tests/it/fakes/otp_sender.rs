//! Sends codes to nobody.

use std::sync::Mutex;

use async_trait::async_trait;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::person::Locale;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::ports::{OtpSender, PortError};

use super::Faults;

#[derive(Default)]
pub(crate) struct FakeOtpSender {
    pub(crate) faults: Faults,
    sent: Mutex<Vec<(PhoneNumber, String, Locale)>>,
}

impl FakeOtpSender {
    /// Number, code and language of everything that went out.
    pub(crate) fn sent(&self) -> Vec<(PhoneNumber, String, Locale)> {
        self.sent.lock().unwrap().clone()
    }
}

#[async_trait]
impl OtpSender for FakeOtpSender {
    async fn send(
        &self,
        to: &PhoneNumber,
        code: &OtpCode,
        locale: Locale,
    ) -> Result<String, PortError> {
        let effect = async {
            let mut sent = self.sent.lock().unwrap();
            sent.push((to.clone(), code.expose().to_owned(), locale));
            Ok(format!("wamid.{}", sent.len()))
        };
        self.faults.around("send", effect).await
    }
}
