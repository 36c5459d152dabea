//! One row per run that writes a reply; the row is also the job.

use sea_orm::entity::prelude::*;

#[expect(clippy::struct_field_names, reason = "`model` is the language model")]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "responses")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub conversation_id: Uuid,
    pub message_id: Uuid,
    pub state: String,
    pub failure: Option<String>,
    pub model: Option<String>,
    pub instructions_version: Option<String>,
    pub provider_response_id: Option<String>,
    pub provider_cursor: Option<i64>,
    pub input_tokens: Option<i64>,
    pub cached_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub reasoning_tokens: Option<i64>,
    pub cancel_requested_at: Option<TimeDateTimeWithTimeZone>,
    pub attempts: i32,
    pub lease_epoch: i64,
    pub started_at: Option<TimeDateTimeWithTimeZone>,
    pub finished_at: Option<TimeDateTimeWithTimeZone>,
    pub created_at: TimeDateTimeWithTimeZone,
    pub tools: Vec<String>,
    pub first_text_at: Option<TimeDateTimeWithTimeZone>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
