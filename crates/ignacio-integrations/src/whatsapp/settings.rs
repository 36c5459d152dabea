//! The settings of the `WhatsApp` client.

use secrecy::SecretString;

/// The sending number and the templates. Each template exists in the languages `es` and `en`.
#[derive(Clone, Debug)]
pub struct WhatsAppSettings {
    /// The Graph API's address, version included: `https://graph.facebook.com/v23.0`.
    pub base_url: String,
    /// Meta's id of the sending number.
    pub phone_number_id: String,
    /// A system user's token with the permission `whatsapp_business_messaging`.
    pub access_token: SecretString,
    /// The name of an approved authentication template with a copy-code button, for codes. Its time
    /// to live should not be longer than a code lives.
    pub otp_template: String,
    /// The name of an approved utility template without parameters: the account's number changed.
    pub phone_changed_template: String,
    /// The name of another: a login from a new device.
    pub new_device_template: String,
}
