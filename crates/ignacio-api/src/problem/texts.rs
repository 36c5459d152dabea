//! The texts of problems, each in both languages.

use ignacio_domain::locale::Locale;
use ignacio_domain::quota::QuotaKind;

use super::{ApiError, ProblemCode};

/// A text in both languages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    pub(crate) es: &'static str,
    pub(crate) en: &'static str,
}

impl Text {
    /// The text in one language.
    pub(crate) const fn in_locale(self, locale: Locale) -> &'static str {
        match locale {
            Locale::Es => self.es,
            Locale::En => self.en,
        }
    }
}

const fn text(es: &'static str, en: &'static str) -> Text {
    Text { es, en }
}

/// What could not be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// The request as a whole.
    Request,
    /// The body is not JSON, from this position on.
    Json { line: usize, column: usize },
    /// The body is not UTF-8.
    Encoding,
    /// The body ended early.
    Body,
    /// The parts of a form.
    Multipart,
    /// The id in the path.
    Id,
    /// `Last-Event-ID` or `after`.
    EventId,
    /// `Idempotency-Key`.
    IdempotencyKey,
}

/// What does not exist or belongs to another user: the two look the same on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResourceKind {
    Any,
    Route,
    Conversation,
    Summary,
    Message,
    Feedback,
    Response,
    File,
    Session,
    Code,
    User,
    Erasure,
    Grant,
}

/// Which content type is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsupported {
    /// The body's declared type.
    ContentType,
    /// The file's real type, or one that contradicts its name.
    File,
}

impl ApiError {
    /// What went wrong this time, if that is more than the code says.
    pub(super) fn detail(&self, locale: Locale) -> Option<String> {
        match self {
            Self::Malformed(Malformed::Json { line, column }) => Some(match locale {
                Locale::Es => format!("El cuerpo no es JSON: línea {line}, columna {column}."),
                Locale::En => format!("The body is not JSON: line {line}, column {column}."),
            }),
            Self::Malformed(what) => malformed(*what).map(|it| it.in_locale(locale).to_owned()),
            Self::NotFound(kind) => Some(not_found(*kind).in_locale(locale).to_owned()),
            Self::FilesNotFound(_) => {
                Some(not_found(ResourceKind::File).in_locale(locale).to_owned())
            }
            Self::TooLarge { limit: limit @ 1.. } => Some(match locale {
                Locale::Es => format!("El límite es de {limit} bytes."),
                Locale::En => format!("The limit is {limit} bytes."),
            }),
            Self::Unsupported(Unsupported::File) => Some(FILE_TYPE.in_locale(locale).to_owned()),
            Self::RangeNotSatisfiable { size } => Some(match locale {
                Locale::Es => format!("El archivo tiene {size} bytes."),
                Locale::En => format!("The file has {size} bytes."),
            }),
            Self::QuotaExceeded(exceeded) => {
                Some(quota_exceeded(exceeded.quota).in_locale(locale).to_owned())
            }
            Self::CrossSite => Some(CROSS_SITE.in_locale(locale).to_owned()),
            Self::WrongVerifyToken => Some(VERIFY_TOKEN.in_locale(locale).to_owned()),
            Self::NotReady(_) => Some(NOT_READY.in_locale(locale).to_owned()),
            Self::Draining => Some(DRAINING.in_locale(locale).to_owned()),
            Self::Busy => Some(BUSY.in_locale(locale).to_owned()),
            _ => None,
        }
    }
}

const fn quota_exceeded(limit: QuotaKind) -> Text {
    match limit {
        QuotaKind::ConcurrentReplies => text(
            "Ya se están escribiendo varias respuestas para ti: espera a que terminen.",
            "Several replies are already being written for you: wait for them to finish.",
        ),
        QuotaKind::MessagesPerTenMinutes => text(
            "Enviaste demasiados mensajes seguidos: espera unos minutos.",
            "You have sent too many messages in a row: wait a few minutes.",
        ),
        QuotaKind::MessagesPerDay | QuotaKind::TokensPerDay | QuotaKind::CostPerDay => text(
            "Llegaste al límite de uso de hoy: mañana puedes seguir.",
            "You have reached today's usage limit: you can continue tomorrow.",
        ),
        QuotaKind::TokensPerMonth | QuotaKind::CostPerMonth => text(
            "Llegaste al límite de uso de este mes: escribe al equipo del programa.",
            "You have reached this month's usage limit: contact the programme team.",
        ),
    }
}

const FILE_TYPE: Text = text(
    "Ese tipo de archivo no se admite, o su contenido no corresponde a su nombre.",
    "That type of file is not supported, or its content does not match its name.",
);
const CROSS_SITE: Text = text(
    "Las peticiones con cookie que cambian algo solo se admiten desde el propio sitio.",
    "Requests that change something and carry a cookie are only accepted from our own site.",
);
const VERIFY_TOKEN: Text = text(
    "hub.verify_token no es el de este servicio.",
    "hub.verify_token is not this service's token.",
);
const NOT_READY: Text = text("El servicio aún no está listo.", "The service is not ready yet.");
const DRAINING: Text = text(
    "Este servidor se está apagando: vuelve a intentarlo.",
    "This server is shutting down: try again.",
);
const BUSY: Text = text(
    "Hay demasiadas cargas a la vez: vuelve a intentarlo en un momento.",
    "Too many uploads at once: try again in a moment.",
);

const fn malformed(what: Malformed) -> Option<Text> {
    match what {
        Malformed::Request | Malformed::Json { .. } => None,
        Malformed::Encoding => Some(text("El cuerpo no es UTF-8.", "The body is not UTF-8.")),
        Malformed::Body => Some(text("El cuerpo llegó incompleto.", "The body is incomplete.")),
        Malformed::Multipart => Some(text(
            "El formulario multipart no se puede leer.",
            "The multipart form cannot be read.",
        )),
        Malformed::Id => Some(text(
            "El identificador de la ruta no es un UUID.",
            "The id in the path is not a UUID.",
        )),
        Malformed::EventId => Some(text(
            "Last-Event-ID y after deben ser números de evento, desde 0.",
            "Last-Event-ID and after must be event numbers, starting at 0.",
        )),
        Malformed::IdempotencyKey => Some(text(
            "Idempotency-Key debe tener de 1 a 255 caracteres ASCII, sin espacios.",
            "Idempotency-Key must have 1 to 255 ASCII characters and no spaces.",
        )),
    }
}

const fn not_found(kind: ResourceKind) -> Text {
    match kind {
        ResourceKind::Any => text("No existe.", "It does not exist."),
        ResourceKind::Route => text("Esa ruta no existe.", "There is no such route."),
        ResourceKind::Conversation => {
            text("Esa conversación no existe.", "There is no such conversation.")
        }
        ResourceKind::Summary => text(
            "Esa conversación no existe, o aún no tiene resumen.",
            "There is no such conversation, or it has no summary yet.",
        ),
        ResourceKind::Feedback => {
            text("Ese mensaje no tiene valoración.", "That message has no feedback.")
        }
        ResourceKind::Message => text("Ese mensaje no existe.", "There is no such message."),
        ResourceKind::Response => text("Esa respuesta no existe.", "There is no such response."),
        ResourceKind::File => text("Ese archivo no existe.", "There is no such file."),
        ResourceKind::Session => text("Esa sesión no existe.", "There is no such session."),
        ResourceKind::Code => text("Ese código no existe.", "There is no such code."),
        ResourceKind::User => text("Esa persona no existe.", "There is no such user."),
        ResourceKind::Erasure => text("Esa eliminación no existe.", "There is no such erasure."),
        ResourceKind::Grant => text("Ese permiso no existe.", "There is no such grant."),
    }
}

/// The text of a code without anything specific.
#[expect(clippy::too_many_lines, reason = "a table, one sentence for each code")]
pub(super) const fn plain(code: ProblemCode) -> Text {
    match code {
        ProblemCode::Malformed => {
            text("La petición no se puede leer.", "The request cannot be read.")
        }
        ProblemCode::InvalidCursor => text(
            "Ese cursor no es de esta lista: empieza desde el principio.",
            "That cursor belongs to another list: start from the beginning.",
        ),
        ProblemCode::Unauthenticated => text(
            "Inicia sesión: la sesión falta, terminó o no es válida.",
            "Log in: the session is missing, has ended or is not valid.",
        ),
        ProblemCode::CodeInvalid => text(
            "Ese código no es correcto o ya no es válido.",
            "That code is wrong or no longer valid.",
        ),
        ProblemCode::CodeExpired => {
            text("Ese código ya venció: pide otro.", "That code has expired: request another.")
        }
        ProblemCode::SignatureInvalid => text(
            "Falta X-Hub-Signature-256, o no es la firma de este cuerpo.",
            "X-Hub-Signature-256 is missing or is not the signature of this body.",
        ),
        ProblemCode::Forbidden => {
            text("Esto es solo para administradores.", "This is for admins only.")
        }
        ProblemCode::GrantRequired => text(
            "Para leer las conversaciones de otra persona, primero crea un permiso y di por qué.",
            "To read another user's conversations, first create an access grant and say why.",
        ),
        ProblemCode::StepUpRequired => text(
            "Confirma que eres tú: pide un código en /v1/sessions/current/otp y envíalo a \
             /v1/sessions/current/step-up.",
            "Confirm that it is you: request a code at /v1/sessions/current/otp and send it to \
             /v1/sessions/current/step-up.",
        ),
        ProblemCode::NotFound => text("No existe.", "It does not exist."),
        ProblemCode::MethodNotAllowed => text(
            "Esa ruta no admite ese método: mira Allow.",
            "That route does not support that method: see Allow.",
        ),
        ProblemCode::NotAcceptable => text(
            "Esta ruta no puede responder en el formato pedido.",
            "This route cannot respond in the requested format.",
        ),
        ProblemCode::RequestTimeout => {
            text("El cuerpo tardó demasiado en llegar.", "The body took too long to arrive.")
        }
        ProblemCode::Conflict => text(
            "No es compatible con el estado actual: vuelve a leerlo.",
            "It conflicts with the current state: read it again.",
        ),
        ProblemCode::ResponseRunning => text(
            "Ya se está escribiendo una respuesta en esta conversación.",
            "A reply is already being written in this conversation.",
        ),
        ProblemCode::RequestUnderWay => text(
            "La misma petición ya está en curso: vuelve a intentarlo en un momento.",
            "The same request is already in progress: try again in a moment.",
        ),
        ProblemCode::NotTheLast => text(
            "Solo se puede regenerar la última respuesta, y solo se puede editar la última pregunta.",
            "Only the last reply can be regenerated, and only the last question can be edited.",
        ),
        ProblemCode::PhoneTaken => {
            text("Ya hay una cuenta con ese teléfono.", "There is already a user with that number.")
        }
        ProblemCode::OwnAccount => text(
            "Aquí nadie puede cambiar su propia cuenta: usa /v1/me o pídeselo a otra persona que administre.",
            "Admins cannot change their own account here: use /v1/me, or ask another admin.",
        ),
        ProblemCode::LastAdmin => text(
            "Tiene que quedar al menos una persona que administre.",
            "At least one active admin must remain.",
        ),
        ProblemCode::PreconditionFailed => text(
            "El recurso cambió entretanto: vuelve a leerlo.",
            "It has changed in the meantime: read it again.",
        ),
        ProblemCode::PreconditionRequired => text(
            "Léelo primero y envía su ETag en If-Match.",
            "Read it first, and send its ETag in If-Match.",
        ),
        ProblemCode::TooLarge => text("Es demasiado grande.", "It is too large."),
        ProblemCode::UnsupportedMediaType => text(
            "El tipo de contenido de la petición no se admite aquí.",
            "The request's content type is not supported here.",
        ),
        ProblemCode::RangeNotSatisfiable => text(
            "El rango pedido empieza después del final del archivo.",
            "The requested range starts after the end of the file.",
        ),
        ProblemCode::TooManyRequests => text(
            "Se han pedido demasiados códigos: espera lo que indica Retry-After.",
            "Too many codes were requested: wait as long as Retry-After says.",
        ),
        ProblemCode::LoginPaused => text(
            "Hubo demasiados intentos fallidos con este número: espera lo que indica Retry-After, \
             entra desde un dispositivo en el que ya habías entrado, o escribe al equipo del \
             programa.",
            "There were too many failed attempts with this number: wait as long as Retry-After says, \
             use a device that you have logged in with before, or contact the programme team.",
        ),
        ProblemCode::BudgetExceeded => text(
            "Llegaste a un límite de uso: espera lo que indica Retry-After.",
            "You have reached a usage limit: wait as long as Retry-After says.",
        ),
        ProblemCode::InvalidRequest => {
            text("Hay valores no válidos: mira errors.", "Some values are not valid: see errors.")
        }
        ProblemCode::IdempotencyKeyReused => text(
            "Esa Idempotency-Key ya se usó con otra petición: usa una nueva.",
            "That Idempotency-Key was already used for another request: use a new one.",
        ),
        ProblemCode::ProviderUnavailable => text(
            "El modelo no responde por ahora: vuelve a intentarlo más tarde.",
            "The model is not responding: try again later.",
        ),
        ProblemCode::ProviderRejected => {
            text("El modelo rechazó la petición.", "The model rejected the request.")
        }
        ProblemCode::ReplyInterrupted => text(
            "La respuesta se interrumpió; el texto hasta ahí queda guardado.",
            "The reply was interrupted; the text so far is kept.",
        ),
        ProblemCode::ReplyTimedOut => text(
            "La respuesta tardó demasiado; el texto hasta ahí queda guardado.",
            "The reply took too long; the text so far is kept.",
        ),
        ProblemCode::Unavailable => text(
            "El servicio no está disponible: vuelve a intentarlo en un momento.",
            "The service is unavailable: try again in a moment.",
        ),
        ProblemCode::Internal => text(
            "Algo falló de nuestro lado; queda registrado con el id de la petición.",
            "Something failed on our side; it is logged with the request id.",
        ),
    }
}
