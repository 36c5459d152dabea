//! The route table.

use actix_web::middleware::from_fn;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::middleware::{authenticate, require_admin};
use crate::routes::admin::{access_grants, audit_events, erasures, usage, user_content, users};
use crate::routes::{
    api_docs, conversations, files, health, me, messages, otp, responses, sessions, webhooks,
};

/// Every route that the OpenAPI document describes.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.configure(public).configure(admin).configure(user);
}

/// Routes without authentication.
fn public(config: &mut ServiceConfig<'_>) {
    config
        .service(health::show_health) //                              GET    /healthz
        .service(health::show_readiness) //                           GET    /readyz
        .service(api_docs::show_openapi) //                           GET    /v1/openapi.json
        .service(
            scope("/v1/auth")
                .service(otp::request_code) //                        POST   /v1/auth/otp
                .service(otp::show_code) //                           GET    /v1/auth/otp/{id}
                .service(sessions::open_session), //                  POST   /v1/auth/sessions
        )
        .service(
            scope("/v1/webhooks")
                .service(webhooks::verify_webhook) //                 GET    /v1/webhooks/whatsapp
                .service(webhooks::receive_webhook), //               POST   /v1/webhooks/whatsapp
        );
}

/// Routes for admins.
fn admin(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/admin")
            .wrap(from_fn(require_admin))
            .service(users::list_users) //                            GET    /v1/admin/users
            .service(users::create_user) //                           POST   /v1/admin/users
            .service(users::show_user) //                             GET    /v1/admin/users/{id}
            .service(users::update_user) //                           PATCH  /v1/admin/users/{id}
            .service(users::delete_user) //                           DELETE /v1/admin/users/{id}
            .service(erasures::show_erasure) //                       GET    /v1/admin/erasures/{id}
            .service(users::end_sessions_of_user) //                  DELETE /v1/admin/users/{id}/sessions
            .service(users::show_login_failures) //                   GET    /v1/admin/users/{id}/login-failures
            .service(users::clear_login_failures) //                  DELETE /v1/admin/users/{id}/login-failures
            .service(users::list_codes_of_user) //                    GET    /v1/admin/users/{id}/codes
            .service(access_grants::create_access_grant) //           POST   /v1/admin/access-grants
            .service(access_grants::show_access_grant) //             GET    /v1/admin/access-grants/{id}
            .service(user_content::list_files_of_user) //             GET    /v1/admin/users/{id}/files
            .service(user_content::list_conversations_of_user) //     GET    /v1/admin/users/{id}/conversations
            .service(user_content::list_messages_of_conversation) //  GET    /v1/admin/conversations/{id}/messages
            .service(usage::list_usage) //                            GET    /v1/admin/usage
            .service(audit_events::list_audit_events), //             GET    /v1/admin/audit-events
    );
}

/// Routes for every user, on their own data.
fn user(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1")
            .wrap(from_fn(authenticate))
            .service(me::show_me) //                                  GET    /v1/me
            .service(me::update_me) //                                PATCH  /v1/me
            .service(me::list_own_access) //                          GET    /v1/me/access-log
            .service(me::show_own_usage) //                           GET    /v1/me/usage
            .service(sessions::list_sessions) //                      GET    /v1/sessions
            .service(sessions::end_other_sessions) //                 DELETE /v1/sessions?except=current
            .service(sessions::end_current_session) //                DELETE /v1/sessions/current
            .service(sessions::renew_session) //                      POST   /v1/sessions/current/renewal
            .service(sessions::request_step_up) //                    POST   /v1/sessions/current/otp
            .service(sessions::step_up_session) //                    POST   /v1/sessions/current/step-up
            .service(sessions::end_session) //                        DELETE /v1/sessions/{id}
            .service(conversations::list_conversations) //            GET    /v1/conversations
            .service(conversations::start_conversation) //            POST   /v1/conversations
            .service(conversations::show_conversation) //             GET    /v1/conversations/{id}
            .service(conversations::update_conversation) //           PATCH  /v1/conversations/{id}
            .service(conversations::delete_conversation) //           DELETE /v1/conversations/{id}
            .service(conversations::list_conversation_files) //       GET    /v1/conversations/{id}/files
            .service(conversations::show_summary) //                  GET    /v1/conversations/{id}/summary
            .service(messages::list_messages) //                      GET    /v1/conversations/{id}/messages
            .service(messages::post_message) //                       POST   /v1/conversations/{id}/messages
            .service(messages::show_message) //                       GET    /v1/messages/{id}
            .service(messages::regenerate_reply) //                   POST   /v1/messages/{id}/responses
            .service(messages::edit_message) //                       POST   /v1/messages/{id}/versions
            .service(messages::put_feedback) //                       PUT    /v1/messages/{id}/feedback
            .service(messages::withdraw_feedback) //                  DELETE /v1/messages/{id}/feedback
            .service(responses::show_response) //                     GET    /v1/responses/{id}
            .service(responses::follow_response) //                   GET    /v1/responses/{id}/events
            .service(responses::cancel_response) //                   POST   /v1/responses/{id}/cancel
            .service(files::list_files) //                            GET    /v1/files
            .service(files::upload_file) //                           POST   /v1/files
            .service(files::show_file) //                             GET    /v1/files/{id}
            .service(files::download_file) //                         GET    /v1/files/{id}/content
            .service(files::delete_file), //                          DELETE /v1/files/{id}
    );
}
