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
            "Several replies are being written for you already: wait for them to end.",
        ),
        QuotaKind::MessagesPerTenMinutes => text(
            "Son demasiados mensajes seguidos: espera unos minutos.",
            "Those are too many messages in a row: wait a few minutes.",
        ),
        QuotaKind::MessagesPerDay | QuotaKind::TokensPerDay | QuotaKind::CostPerDay => text(
            "Llegaste al límite de uso de hoy: mañana puedes seguir.",
            "You have reached today's limit of use: go on tomorrow.",
        ),
        QuotaKind::TokensPerMonth | QuotaKind::CostPerMonth => text(
            "Llegaste al límite de uso de este mes: escribe al equipo del programa.",
            "You have reached this month's limit of use: write to the programme's staff.",
        ),
    }
}

const FILE_TYPE: Text = text(
    "Ese tipo de archivo no se admite, o su contenido no es lo que dice su nombre.",
    "That type of file is not taken, or its content is not what its name says.",
);
const CROSS_SITE: Text = text(
    "Con cookie, las peticiones que cambian algo solo se admiten desde el propio sitio.",
    "With a cookie, requests that change something are only taken from our own site.",
);
const VERIFY_TOKEN: Text = text(
    "hub.verify_token no es el de este servicio.",
    "hub.verify_token is not the one of this service.",
);
const NOT_READY: Text =
    text("El servicio aún no puede atender.", "The service cannot answer requests yet.");
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
        Malformed::Body => {
            Some(text("El cuerpo llegó incompleto.", "The body broke off before its end."))
        }
        Malformed::Multipart => Some(text(
            "El formulario multipart no se puede leer.",
            "The multipart form cannot be read.",
        )),
        Malformed::Id => Some(text(
            "El identificador de la ruta no es un UUID.",
            "The id in the path is not a UUID.",
        )),
        Malformed::EventId => Some(text(
            "Last-Event-ID y after son números de evento, desde 0.",
            "Last-Event-ID and after are event numbers, from 0.",
        )),
        Malformed::IdempotencyKey => Some(text(
            "Idempotency-Key tiene de 1 a 255 caracteres ASCII sin espacios.",
            "Idempotency-Key has 1 to 255 ASCII characters without spaces.",
        )),
    }
}

const fn not_found(kind: ResourceKind) -> Text {
    match kind {
        ResourceKind::Any => text("No existe.", "There is no such thing."),
        ResourceKind::Route => text("Esa ruta no existe.", "There is no such route."),
        ResourceKind::Conversation => {
            text("Esa conversación no existe.", "There is no such conversation.")
        }
        ResourceKind::Summary => text(
            "Esa conversación no existe, o aún no tiene resumen.",
            "There is no such conversation, or it has no summary yet.",
        ),
        ResourceKind::Feedback => {
            text("Ese mensaje no tiene valoración.", "There is no feedback on that message.")
        }
        ResourceKind::Message => text("Ese mensaje no existe.", "There is no such message."),
        ResourceKind::Response => text("Esa respuesta no existe.", "There is no such response."),
        ResourceKind::File => text("Ese archivo no existe.", "There is no such file."),
        ResourceKind::Session => text("Esa sesión no existe.", "There is no such session."),
        ResourceKind::Code => text("Ese código no existe.", "There is no such code."),
        ResourceKind::User => text("Esa persona no existe.", "There is no such person."),
        ResourceKind::Erasure => text("Esa eliminación no existe.", "There is no such removal."),
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
            "That cursor is not of this list: start from the beginning.",
        ),
        ProblemCode::Unauthenticated => text(
            "Inicia sesión: la sesión falta, terminó o no es válida.",
            "Sign in: the session is missing, over or not valid.",
        ),
        ProblemCode::CodeInvalid => text(
            "Ese código no es correcto o ya no sirve.",
            "That code is wrong or no longer good.",
        ),
        ProblemCode::CodeExpired => {
            text("Ese código ya venció: pide otro.", "That code has expired: ask for another.")
        }
        ProblemCode::SignatureInvalid => text(
            "Falta X-Hub-Signature-256, o no es la firma de este cuerpo.",
            "X-Hub-Signature-256 is missing, or is not the signature of this body.",
        ),
        ProblemCode::Forbidden => {
            text("Esto es solo para administradores.", "This is for admins only.")
        }
        ProblemCode::GrantRequired => text(
            "Para leer conversaciones de otra persona, primero pide el permiso y di por qué.",
            "To read somebody's conversations, first ask for a grant and say why.",
        ),
        ProblemCode::StepUpRequired => text(
            "Confirma que eres tú: pide un código en /v1/sessions/current/otp y preséntalo en \
             /v1/sessions/current/step-up.",
            "Confirm that it is you: ask for a code at /v1/sessions/current/otp and show it at \
             /v1/sessions/current/step-up.",
        ),
        ProblemCode::NotFound => text("No existe.", "There is no such thing."),
        ProblemCode::MethodNotAllowed => text(
            "Esa ruta no admite ese método; mira Allow.",
            "That route does not take that method; see Allow.",
        ),
        ProblemCode::NotAcceptable => text(
            "Esta ruta no puede responder en el formato pedido.",
            "This route cannot answer in the format asked for.",
        ),
        ProblemCode::RequestTimeout => {
            text("El cuerpo tardó demasiado en llegar.", "The body took too long to arrive.")
        }
        ProblemCode::Conflict => text(
            "Choca con el estado actual: vuelve a leerlo.",
            "It clashes with the present state: read it again.",
        ),
        ProblemCode::ResponseRunning => text(
            "Ya se está escribiendo una respuesta en esta conversación.",
            "A reply is already being written in this conversation.",
        ),
        ProblemCode::RequestUnderWay => text(
            "La misma petición ya está en curso: pregunta de nuevo en un momento.",
            "The same request is under way already: ask again in a moment.",
        ),
        ProblemCode::NotTheLast => text(
            "Solo se rehace la última respuesta, y solo se reescribe la última pregunta.",
            "Only the last reply can be made anew, and only the last question rewritten.",
        ),
        ProblemCode::PhoneTaken => {
            text("Ya hay una cuenta con ese teléfono.", "There is an account with that number.")
        }
        ProblemCode::OwnAccount => text(
            "Nadie administra su propia cuenta: usa /v1/me o pídeselo a otra persona.",
            "Nobody administers their own account: use /v1/me, or ask somebody else.",
        ),
        ProblemCode::LastAdmin => text(
            "Tiene que quedar alguien que administre.",
            "Somebody has to be left who administers.",
        ),
        ProblemCode::PreconditionFailed => text(
            "Alguien lo cambió entretanto: vuelve a leerlo.",
            "Somebody changed it meanwhile: read it again.",
        ),
        ProblemCode::PreconditionRequired => text(
            "Lee primero, y manda su ETag en If-Match.",
            "Read it first, and send its ETag in If-Match.",
        ),
        ProblemCode::TooLarge => text("Es demasiado grande.", "It is too large."),
        ProblemCode::UnsupportedMediaType => text(
            "El tipo de contenido de la petición no se admite aquí.",
            "The request's content type is not taken here.",
        ),
        ProblemCode::RangeNotSatisfiable => {
            text("El archivo no llega hasta ahí.", "The file does not reach that far.")
        }
        ProblemCode::TooManyRequests => text(
            "Se han pedido demasiados códigos: espera lo que dice Retry-After.",
            "Too many codes were asked for: wait as long as Retry-After says.",
        ),
        ProblemCode::LoginPaused => text(
            "Hubo demasiados intentos fallidos con este número: espera lo que dice Retry-After, \
             entra desde un dispositivo en el que ya habías entrado, o escribe al equipo del \
             programa.",
            "There were too many failed tries with this number: wait as long as Retry-After says, \
             use a device that you have logged in with before, or write to the programme's staff.",
        ),
        ProblemCode::BudgetExceeded => text(
            "Llegaste a un límite de uso: espera lo que dice Retry-After.",
            "You have reached a limit of use: wait as long as Retry-After says.",
        ),
        ProblemCode::InvalidRequest => text(
            "Hay valores que corregir: mira errors.",
            "Some values have to be mended: see errors.",
        ),
        ProblemCode::IdempotencyKeyReused => text(
            "Esa Idempotency-Key ya se usó con otra petición: usa una nueva.",
            "That Idempotency-Key came with another request before: use a new one.",
        ),
        ProblemCode::ProviderUnavailable => text(
            "El modelo no responde por ahora: vuelve a intentarlo.",
            "The model does not answer for now: try again.",
        ),
        ProblemCode::ProviderRejected => {
            text("El modelo no aceptó la petición.", "The model did not take the request.")
        }
        ProblemCode::ReplyInterrupted => text(
            "La respuesta se cortó; el texto hasta ahí queda guardado.",
            "The reply broke off; the text so far is kept.",
        ),
        ProblemCode::ReplyTimedOut => text(
            "La respuesta tardó más de lo permitido; el texto hasta ahí queda guardado.",
            "The reply took longer than it may; the text so far is kept.",
        ),
        ProblemCode::Unavailable => text(
            "El servicio no está disponible: vuelve a intentarlo en un momento.",
            "The service is unavailable: try again in a moment.",
        ),
        ProblemCode::Internal => text(
            "Algo falló de nuestro lado; queda registrado con el id de la petición.",
            "Something failed on our side; it is logged under the request's id.",
        ),
    }
}
