//! Uploaded documents, images and recordings; the row is also the job that syncs them.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_files")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub file_name: String,
    pub file_path: String,
    pub file_type: String,
    pub file_size: i64,
    pub created_at: TimeDateTimeWithTimeZone,
    pub updated_at: TimeDateTimeWithTimeZone,
    pub openai_file_id: Option<String>,
    pub openai_vector_store_id: Option<String>,
    pub openai_uploaded_at: Option<TimeDateTimeWithTimeZone>,
    pub openai_sync_status: Option<String>,
    pub conversation_id: Option<Uuid>,
    pub content_sha256: Option<Vec<u8>>,
    pub uploaded_at: Option<TimeDateTimeWithTimeZone>,
    pub deleted_at: Option<TimeDateTimeWithTimeZone>,
    pub purged_at: Option<TimeDateTimeWithTimeZone>,
    pub sync_attempts: i32,
    pub sync_error: Option<String>,
    pub synced_at: Option<TimeDateTimeWithTimeZone>,
    pub next_attempt_at: TimeDateTimeWithTimeZone,
    pub lease_owner: Option<Uuid>,
    pub lease_until: Option<TimeDateTimeWithTimeZone>,
    pub lease_epoch: i64,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::users::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
