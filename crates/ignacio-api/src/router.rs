//! The whole route table.

use actix_web::middleware::from_fn;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::{admit_staff, authenticate};
use crate::routes::admin::{audit, grants, logins, readings, removal, usage, users};
use crate::routes::{
    conversations, document, files, health, me, messages, otp, responses, sessions, webhooks,
};

/// Every route that the OpenAPI document describes.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.configure(open).configure(staff).configure(own);
}

/// For everybody, before anybody is known.
fn open(config: &mut ServiceConfig<'_>) {
    config
        .service(health::healthz) //                           GET    /healthz
        .service(health::readyz) //                            GET    /readyz
        .service(document::show) //                            GET    /v1/openapi.json
        .service(
            scope("/v1/auth")
                .service(otp::request) //                      POST   /v1/auth/otp
                .service(otp::show) //                         GET    /v1/auth/otp/{id}
                .service(sessions::open), //                   POST   /v1/auth/sessions
        )
        .service(
            scope("/v1/webhooks")
                .service(webhooks::verify) //                  GET    /v1/webhooks/whatsapp
                .service(webhooks::receive), //                POST   /v1/webhooks/whatsapp
        );
}

/// For the staff.
fn staff(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/admin")
            .wrap(from_fn(admit_staff))
            .service(users::list) //                       GET    /v1/admin/users
            .service(users::create) //                     POST   /v1/admin/users
            .service(users::show) //                       GET    /v1/admin/users/{id}
            .service(users::change) //                     PATCH  /v1/admin/users/{id}
            .service(removal::delete) //                   DELETE /v1/admin/users/{id}
            .service(removal::show_erasure) //             GET    /v1/admin/erasures/{id}
            .service(users::end_sessions) //               DELETE /v1/admin/users/{id}/sessions
            .service(logins::show_failures) //             GET    /v1/admin/users/{id}/login-failures
            .service(logins::forget_failures) //           DELETE /v1/admin/users/{id}/login-failures
            .service(logins::list_codes) //                GET    /v1/admin/users/{id}/codes
            .service(grants::create) //                    POST   /v1/admin/access-grants
            .service(grants::show) //                      GET    /v1/admin/access-grants/{id}
            .service(readings::files) //                   GET    /v1/admin/users/{id}/files
            .service(readings::conversations) //           GET    /v1/admin/users/{id}/conversations
            .service(readings::messages) //                GET    /v1/admin/conversations/{id}/messages
            .service(usage::list) //                        GET    /v1/admin/usage
            .service(audit::list), //                      GET    /v1/admin/audit-events
    );
}

/// For whoever is logged in, about what is theirs.
fn own(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1")
            .wrap(from_fn(authenticate))
            .service(me::show) //                          GET    /v1/me
            .service(me::change) //                        PATCH  /v1/me
            .service(me::list_access) //                   GET    /v1/me/access-log
            .service(me::show_usage) //                    GET    /v1/me/usage
            .service(sessions::list) //                    GET    /v1/sessions
            .service(sessions::end_others) //              DELETE /v1/sessions?except=current
            .service(sessions::end_current) //             DELETE /v1/sessions/current
            .service(sessions::renew) //                   POST   /v1/sessions/current/renewal
            .service(sessions::ask) //                     POST   /v1/sessions/current/otp
            .service(sessions::confirm) //                 POST   /v1/sessions/current/step-up
            .service(sessions::end) //                     DELETE /v1/sessions/{id}
            .service(conversations::list) //               GET    /v1/conversations
            .service(conversations::start) //              POST   /v1/conversations
            .service(conversations::show) //               GET    /v1/conversations/{id}
            .service(conversations::change) //             PATCH  /v1/conversations/{id}
            .service(conversations::delete) //             DELETE /v1/conversations/{id}
            .service(conversations::list_files) //         GET    /v1/conversations/{id}/files
            .service(conversations::show_summary) //       GET    /v1/conversations/{id}/summary
            .service(messages::list) //                    GET    /v1/conversations/{id}/messages
            .service(messages::post) //                    POST   /v1/conversations/{id}/messages
            .service(messages::show) //                    GET    /v1/messages/{id}
            .service(messages::renew) //                   POST   /v1/messages/{id}/responses
            .service(messages::rewrite) //                 POST   /v1/messages/{id}/versions
            .service(messages::put_feedback) //            PUT    /v1/messages/{id}/feedback
            .service(messages::withdraw_feedback) //       DELETE /v1/messages/{id}/feedback
            .service(responses::show) //                   GET    /v1/responses/{id}
            .service(responses::follow) //                 GET    /v1/responses/{id}/events
            .service(responses::cancel) //                 POST   /v1/responses/{id}/cancel
            .service(files::list) //                       GET    /v1/files
            .service(files::upload) //                     POST   /v1/files
            .service(files::show) //                       GET    /v1/files/{id}
            .service(files::download) //                   GET    /v1/files/{id}/content
            .service(files::delete), //                    DELETE /v1/files/{id}
    );
}
