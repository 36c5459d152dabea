//! Uploaded files; the row is also the job that syncs the file to the provider.

use sea_orm::entity::prelude::*;

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
    pub openai_sync_status: Option<String>,
    pub conversation_id: Option<Uuid>,
    pub content_sha256: Option<Vec<u8>>,
    pub uploaded_at: Option<TimeDateTimeWithTimeZone>,
    pub deleted_at: Option<TimeDateTimeWithTimeZone>,
    pub sync_attempts: i32,
    pub sync_error: Option<String>,
    pub lease_epoch: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
