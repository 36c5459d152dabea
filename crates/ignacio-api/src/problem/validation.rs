//! The codes of invalid values, with their texts in both languages.

use ignacio_domain::access::{MAX_REASON_CHARS, MIN_REASON_CHARS, ReasonError};
use ignacio_domain::conversation::{
    MAX_SEARCH_CHARS, MAX_TITLE_CHARS, SearchQueryError, TitleError,
};
use ignacio_domain::feedback::{FeedbackReasonError, MAX_FEEDBACK_REASON_CHARS};
use ignacio_domain::file::{FileNameError, MAX_NAME_BYTES};
use ignacio_domain::locale::{Locale, UnknownLocale};
use ignacio_domain::message::{BodyError, MAX_ATTACHMENTS, MAX_BODY_BYTES};
use ignacio_domain::otp::{CODE_DIGITS, CodeError};
use ignacio_domain::page::PageSize;
use ignacio_domain::phone::PhoneError;
use ignacio_domain::user::{MAX_NAME_CHARS, NameError};

use super::FieldProblem;

/// An invalid value: where it is, and the rule that it violates. The value itself is never repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldError {
    pointer: String,
    code: ValidationCode,
}

impl FieldError {
    /// An invalid value at this pointer.
    pub(crate) fn new(pointer: impl Into<String>, code: ValidationCode) -> Self {
        Self { pointer: pointer.into(), code }
    }

    pub(super) fn to_problem(&self, locale: Locale) -> FieldProblem {
        FieldProblem {
            pointer: self.pointer.clone(),
            code: self.code.as_str(),
            detail: self.code.detail(locale),
        }
    }
}

/// A rule that a single value may violate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValidationCode {
    UnknownField,
    Required,
    WrongType,
    WrongValue,
    Duplicate,
    Limit,
    Uuid,
    UserName,
    Language,
    Phone,
    PhoneLength,
    OtpCode,
    DeviceName,
    Title,
    MessageBlank,
    MessageTooLong,
    MessageNul,
    TooManyFiles,
    FileNotFound,
    ModelNotAllowed,
    Date,
    FileFailed,
    FileName,
    FileNameLength,
    FileEmpty,
    AfterFile,
    Reason,
    UserNotFound,
    SearchQuery,
    EndedReply,
    FeedbackReason,
}

impl ValidationCode {
    /// Every code.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 31] = [
        Self::UnknownField,
        Self::Required,
        Self::WrongType,
        Self::WrongValue,
        Self::Duplicate,
        Self::Limit,
        Self::Uuid,
        Self::UserName,
        Self::Language,
        Self::Phone,
        Self::PhoneLength,
        Self::OtpCode,
        Self::DeviceName,
        Self::Title,
        Self::MessageBlank,
        Self::MessageTooLong,
        Self::MessageNul,
        Self::TooManyFiles,
        Self::FileNotFound,
        Self::ModelNotAllowed,
        Self::Date,
        Self::FileFailed,
        Self::FileName,
        Self::FileNameLength,
        Self::FileEmpty,
        Self::AfterFile,
        Self::Reason,
        Self::UserNotFound,
        Self::SearchQuery,
        Self::EndedReply,
        Self::FeedbackReason,
    ];

    /// The code as clients see it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownField => "unknown-field",
            Self::Required => "required",
            Self::WrongType => "wrong-type",
            Self::WrongValue => "wrong-value",
            Self::Duplicate => "duplicate",
            Self::Limit => "limit",
            Self::Uuid => "uuid",
            Self::UserName => "name",
            Self::Language => "language",
            Self::Phone => "phone",
            Self::PhoneLength => "phone-length",
            Self::OtpCode => "code",
            Self::DeviceName => "device-name",
            Self::Title => "title",
            Self::MessageBlank => "blank",
            Self::MessageTooLong => "too-long",
            Self::MessageNul => "nul",
            Self::TooManyFiles => "too-many-files",
            Self::FileNotFound => "not-found",
            Self::ModelNotAllowed => "model-not-allowed",
            Self::Date => "date",
            Self::FileFailed => "file-failed",
            Self::FileName => "file-name",
            Self::FileNameLength => "file-name-length",
            Self::FileEmpty => "empty",
            Self::AfterFile => "after-file",
            Self::Reason => "reason",
            Self::UserNotFound => "no-such-person",
            Self::SearchQuery => "words",
            Self::EndedReply => "ended-reply",
            Self::FeedbackReason => "feedback-reason",
        }
    }

    /// The code that an attribute of `validator` names.
    pub(crate) fn of_validator(code: &str) -> Self {
        [Self::DeviceName, Self::TooManyFiles]
            .into_iter()
            .find(|it| it.as_str() == code)
            .unwrap_or(Self::WrongValue)
    }

    /// The rule as a sentence. It is built from constants only, so that it cannot contain a value.
    pub(crate) fn detail(self, locale: Locale) -> String {
        match locale {
            Locale::Es => self.spanish(),
            Locale::En => self.english(),
        }
    }

    fn spanish(self) -> String {
        match self {
            Self::UnknownField => "este campo no existe".into(),
            Self::Required => "falta este campo".into(),
            Self::WrongType => "el tipo de este valor no es el esperado".into(),
            Self::WrongValue => "este valor no es uno de los admitidos".into(),
            Self::Duplicate => "este campo está repetido".into(),
            Self::Limit => format!("el límite debe estar entre 1 y {}", PageSize::MAX),
            Self::Uuid => "se espera un UUID".into(),
            Self::UserName => {
                format!("un nombre debe tener de 1 a {MAX_NAME_CHARS} caracteres, ninguno de control")
            }
            Self::Language => "los idiomas disponibles son es y en".into(),
            Self::Phone => "un teléfono solo puede tener cifras, espacios y guiones".into(),
            Self::PhoneLength => {
                "un teléfono debe tener de 7 a 15 cifras, con el código del país".into()
            }
            Self::OtpCode => format!("un código debe tener {CODE_DIGITS} cifras"),
            Self::DeviceName => {
                "el nombre del dispositivo puede tener hasta 100 caracteres, ninguno de control".into()
            }
            Self::Title => {
                format!("un título debe tener de 1 a {MAX_TITLE_CHARS} caracteres, ninguno de control")
            }
            Self::MessageBlank => "un mensaje debe tener texto".into(),
            Self::MessageTooLong => format!("un mensaje puede tener hasta {MAX_BODY_BYTES} bytes"),
            Self::MessageNul => "un mensaje no puede tener caracteres NUL".into(),
            Self::TooManyFiles => {
                format!("un mensaje puede tener hasta {MAX_ATTACHMENTS} archivos distintos")
            }
            Self::FileNotFound => "este archivo no existe".into(),
            Self::ModelNotAllowed => "este modelo no está disponible para ti".into(),
            Self::Date => {
                "se espera una fecha como 2026-01-31, y el primer día no puede ser posterior al último".into()
            }
            Self::FileFailed => {
                "este archivo no se pudo preparar para consultarlo: súbelo de nuevo".into()
            }
            Self::FileName => "un archivo debe tener un nombre".into(),
            Self::FileNameLength => {
                format!("un nombre de archivo puede tener hasta {MAX_NAME_BYTES} bytes")
            }
            Self::FileEmpty => "el archivo está vacío".into(),
            Self::AfterFile => "este campo debe ir antes del archivo".into(),
            Self::Reason => format!(
                "un motivo debe tener de {MIN_REASON_CHARS} a {MAX_REASON_CHARS} caracteres y al menos \
                 dos palabras: la persona lo leerá"
            ),
            Self::UserNotFound => "esta persona no existe".into(),
            Self::SearchQuery => {
                format!("una búsqueda puede tener hasta {MAX_SEARCH_CHARS} caracteres, ninguno NUL")
            }
            Self::EndedReply => "solo se puede valorar una respuesta que haya terminado".into(),
            Self::FeedbackReason => format!(
                "un motivo debe tener de 1 a {MAX_FEEDBACK_REASON_CHARS} caracteres, ninguno NUL"
            ),
        }
    }

    fn english(self) -> String {
        match self {
            Self::UnknownField => "there is no such field".into(),
            Self::Required => "this field is missing".into(),
            Self::WrongType => "the value has the wrong type".into(),
            Self::WrongValue => "the value is not one of the accepted values".into(),
            Self::Duplicate => "this field is repeated".into(),
            Self::Limit => format!("the limit must be between 1 and {}", PageSize::MAX),
            Self::Uuid => "a UUID is expected".into(),
            Self::UserName => {
                format!("a name must have 1 to {MAX_NAME_CHARS} characters and no control characters")
            }
            Self::Language => "the available languages are es and en".into(),
            Self::Phone => "a phone number may only have digits, spaces and dashes".into(),
            Self::PhoneLength => "a phone number must have 7 to 15 digits, including the country code".into(),
            Self::OtpCode => format!("a code must have {CODE_DIGITS} digits"),
            Self::DeviceName => {
                "a device name may have up to 100 characters and no control characters".into()
            }
            Self::Title => {
                format!("a title must have 1 to {MAX_TITLE_CHARS} characters and no control characters")
            }
            Self::MessageBlank => "a message must have some text".into(),
            Self::MessageTooLong => format!("a message may have at most {MAX_BODY_BYTES} bytes"),
            Self::MessageNul => "a message must not have NUL characters".into(),
            Self::TooManyFiles => {
                format!("a message may have at most {MAX_ATTACHMENTS} different files")
            }
            Self::FileNotFound => "there is no such file".into(),
            Self::ModelNotAllowed => "this model is not available to you".into(),
            Self::Date => {
                "a date such as 2026-01-31 is expected, and the first day must not be after the last".into()
            }
            Self::FileFailed => {
                "this file could not be prepared for searching: upload it again".into()
            }
            Self::FileName => "a file must have a name".into(),
            Self::FileNameLength => format!("a file name may have at most {MAX_NAME_BYTES} bytes"),
            Self::FileEmpty => "the file is empty".into(),
            Self::AfterFile => "this field must come before the file".into(),
            Self::Reason => format!(
                "a reason must have {MIN_REASON_CHARS} to {MAX_REASON_CHARS} characters and at least two \
                 words: the user will read it"
            ),
            Self::UserNotFound => "there is no such user".into(),
            Self::SearchQuery => {
                format!("a search may have at most {MAX_SEARCH_CHARS} characters and no NUL")
            }
            Self::EndedReply => "only a reply that has ended can be rated".into(),
            Self::FeedbackReason => {
                format!("a reason must have 1 to {MAX_FEEDBACK_REASON_CHARS} characters and no NUL")
            }
        }
    }
}

impl From<NameError> for ValidationCode {
    fn from(_: NameError) -> Self {
        Self::UserName
    }
}

impl From<UnknownLocale> for ValidationCode {
    fn from(_: UnknownLocale) -> Self {
        Self::Language
    }
}

impl From<ReasonError> for ValidationCode {
    fn from(_: ReasonError) -> Self {
        Self::Reason
    }
}

impl From<SearchQueryError> for ValidationCode {
    fn from(_: SearchQueryError) -> Self {
        Self::SearchQuery
    }
}

impl From<FeedbackReasonError> for ValidationCode {
    fn from(_: FeedbackReasonError) -> Self {
        Self::FeedbackReason
    }
}

impl From<TitleError> for ValidationCode {
    fn from(_: TitleError) -> Self {
        Self::Title
    }
}

impl From<CodeError> for ValidationCode {
    fn from(_: CodeError) -> Self {
        Self::OtpCode
    }
}

impl From<BodyError> for ValidationCode {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Blank => Self::MessageBlank,
            BodyError::TooLong => Self::MessageTooLong,
            BodyError::Nul => Self::MessageNul,
        }
    }
}

impl From<FileNameError> for ValidationCode {
    fn from(error: FileNameError) -> Self {
        match error {
            FileNameError::Blank => Self::FileName,
            FileNameError::TooLong => Self::FileNameLength,
        }
    }
}

impl From<PhoneError> for ValidationCode {
    fn from(error: PhoneError) -> Self {
        match error {
            PhoneError::Character => Self::Phone,
            PhoneError::Length | PhoneError::CountryCode => Self::PhoneLength,
        }
    }
}
