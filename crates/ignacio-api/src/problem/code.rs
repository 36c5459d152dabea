//! The code table: every problem code with its status and title.

use actix_web::http::StatusCode;
use ignacio_domain::locale::Locale;
use ignacio_domain::response::ReplyFailure;
use serde::Serialize;
use utoipa::ToSchema;

use super::texts::Text;

/// The stable code of a kind of problem. Codes may be added; none changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProblemCode {
    Malformed,
    InvalidCursor,
    Unauthenticated,
    CodeInvalid,
    CodeExpired,
    SignatureInvalid,
    Forbidden,
    GrantRequired,
    StepUpRequired,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    RequestTimeout,
    Conflict,
    ResponseRunning,
    RequestUnderWay,
    NotTheLast,
    PhoneTaken,
    OwnAccount,
    LastAdmin,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    UnsupportedMediaType,
    RangeNotSatisfiable,
    TooManyRequests,
    LoginPaused,
    BudgetExceeded,
    InvalidRequest,
    IdempotencyKeyReused,
    ProviderUnavailable,
    ProviderRejected,
    ReplyInterrupted,
    ReplyTimedOut,
    Unavailable,
    Internal,
}

impl ProblemCode {
    /// Every code, in the order of the documentation.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 36] = [
        Self::Malformed,
        Self::InvalidCursor,
        Self::Unauthenticated,
        Self::CodeInvalid,
        Self::CodeExpired,
        Self::SignatureInvalid,
        Self::Forbidden,
        Self::GrantRequired,
        Self::StepUpRequired,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::RequestTimeout,
        Self::Conflict,
        Self::ResponseRunning,
        Self::RequestUnderWay,
        Self::NotTheLast,
        Self::PhoneTaken,
        Self::OwnAccount,
        Self::LastAdmin,
        Self::PreconditionFailed,
        Self::PreconditionRequired,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::RangeNotSatisfiable,
        Self::TooManyRequests,
        Self::LoginPaused,
        Self::BudgetExceeded,
        Self::InvalidRequest,
        Self::IdempotencyKeyReused,
        Self::ProviderUnavailable,
        Self::ProviderRejected,
        Self::ReplyInterrupted,
        Self::ReplyTimedOut,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The row of the table: code, status and title.
    #[rustfmt::skip]
    const fn row(self) -> (&'static str, StatusCode, Text) {
        use StatusCode as S;
        match self {
            Self::Malformed => row("malformed", S::BAD_REQUEST, "Petición mal formada", "Malformed request"),
            Self::InvalidCursor => row("invalid-cursor", S::BAD_REQUEST, "Cursor no válido", "Invalid cursor"),
            Self::Unauthenticated => row("unauthenticated", S::UNAUTHORIZED, "Sin sesión", "Not signed in"),
            Self::CodeInvalid => row("code-invalid", S::UNAUTHORIZED, "Código incorrecto", "Wrong code"),
            Self::CodeExpired => row("code-expired", S::GONE, "Código vencido", "Code expired"),
            Self::SignatureInvalid => row("signature-invalid", S::UNAUTHORIZED, "Firma no válida", "Invalid signature"),
            Self::Forbidden => row("forbidden", S::FORBIDDEN, "No permitido", "Forbidden"),
            Self::GrantRequired => row("grant-required", S::FORBIDDEN, "Falta el permiso de lectura", "A grant is required"),
            Self::StepUpRequired => row("step-up-required", S::FORBIDDEN, "Falta un código reciente", "A fresh code is required"),
            Self::NotFound => row("not-found", S::NOT_FOUND, "No encontrado", "Not found"),
            Self::MethodNotAllowed => row("method-not-allowed", S::METHOD_NOT_ALLOWED, "Método no permitido", "Method not allowed"),
            Self::NotAcceptable => row("not-acceptable", S::NOT_ACCEPTABLE, "Formato no disponible", "Not acceptable"),
            Self::RequestTimeout => row("request-timeout", S::REQUEST_TIMEOUT, "Petición demasiado lenta", "Request too slow"),
            Self::Conflict => row("conflict", S::CONFLICT, "Conflicto", "Conflict"),
            Self::ResponseRunning => row("response-running", S::CONFLICT, "Respuesta en curso", "A reply is running"),
            Self::RequestUnderWay => row("request-under-way", S::CONFLICT, "Petición en curso", "The request is under way"),
            Self::NotTheLast => row("not-the-last", S::CONFLICT, "No es lo último", "Not the last one"),
            Self::PhoneTaken => row("phone-taken", S::CONFLICT, "Teléfono ya registrado", "Phone number taken"),
            Self::OwnAccount => row("own-account", S::CONFLICT, "Es tu propia cuenta", "Your own account"),
            Self::LastAdmin => row("last-admin", S::CONFLICT, "Último administrador", "The last admin"),
            Self::PreconditionFailed => row("precondition-failed", S::PRECONDITION_FAILED, "Cambió entretanto", "Changed meanwhile"),
            Self::PreconditionRequired => row("precondition-required", S::PRECONDITION_REQUIRED, "Falta If-Match", "If-Match is required"),
            Self::TooLarge => row("too-large", S::PAYLOAD_TOO_LARGE, "Demasiado grande", "Too large"),
            Self::UnsupportedMediaType => row("unsupported-media-type", S::UNSUPPORTED_MEDIA_TYPE, "Tipo no admitido", "Unsupported type"),
            Self::RangeNotSatisfiable => row("range-not-satisfiable", S::RANGE_NOT_SATISFIABLE, "Rango imposible", "Range not satisfiable"),
            Self::TooManyRequests => row("too-many-requests", S::TOO_MANY_REQUESTS, "Demasiadas peticiones", "Too many requests"),
            Self::LoginPaused => row("login-paused", S::TOO_MANY_REQUESTS, "Entrada en pausa", "Logins are paused"),
            Self::BudgetExceeded => row("budget-exceeded", S::TOO_MANY_REQUESTS, "Límite de uso alcanzado", "Usage limit reached"),
            Self::InvalidRequest => row("invalid-request", S::UNPROCESSABLE_ENTITY, "Datos no válidos", "Invalid request"),
            Self::IdempotencyKeyReused => row("idempotency-key-reused", S::UNPROCESSABLE_ENTITY, "Clave repetida", "Key used before"),
            Self::ProviderUnavailable => row("provider-unavailable", S::SERVICE_UNAVAILABLE, "El modelo no responde", "The model is unavailable"),
            Self::ProviderRejected => row("provider-rejected", S::BAD_GATEWAY, "El modelo rechazó la petición", "The model refused"),
            Self::ReplyInterrupted => row("reply-interrupted", S::BAD_GATEWAY, "Respuesta interrumpida", "Reply interrupted"),
            Self::ReplyTimedOut => row("reply-timed-out", S::GATEWAY_TIMEOUT, "La respuesta tardó demasiado", "The reply took too long"),
            Self::Unavailable => row("unavailable", S::SERVICE_UNAVAILABLE, "No disponible por ahora", "Unavailable for now"),
            Self::Internal => row("internal", S::INTERNAL_SERVER_ERROR, "Error interno", "Internal error"),
        }
    }

    /// The code as clients see it.
    pub(crate) const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The status of responses with this code.
    pub(crate) const fn status(self) -> StatusCode {
        self.row().1
    }

    /// The short name to show.
    pub(crate) const fn title(self, locale: Locale) -> &'static str {
        self.row().2.in_locale(locale)
    }

    /// A URI that identifies the kind of problem; it cannot be dereferenced.
    pub(crate) fn uri(self) -> String {
        format!("urn:ignacio:problem:{}", self.as_str())
    }
}

const fn row(
    word: &'static str,
    status: StatusCode,
    es: &'static str,
    en: &'static str,
) -> (&'static str, StatusCode, Text) {
    (word, status, Text { es, en })
}

impl From<ReplyFailure> for ProblemCode {
    fn from(failure: ReplyFailure) -> Self {
        match failure {
            ReplyFailure::ProviderUnavailable => Self::ProviderUnavailable,
            ReplyFailure::ProviderRejected => Self::ProviderRejected,
            ReplyFailure::Interrupted => Self::ReplyInterrupted,
            ReplyFailure::TimedOut => Self::ReplyTimedOut,
            ReplyFailure::Internal => Self::Internal,
        }
    }
}
