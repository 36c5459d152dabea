//! People.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub phone_number: String,
    pub name: String,
    pub is_admin: bool,
    pub is_active: bool,
    pub created_at: TimeDateTimeWithTimeZone,
    pub updated_at: TimeDateTimeWithTimeZone,
    pub locale: String,
    pub unreachable_at: Option<TimeDateTimeWithTimeZone>,
    pub web_search: bool,
    #[sea_orm(has_many)]
    pub conversations: HasMany<super::conversations::Entity>,
    #[sea_orm(has_many)]
    pub user_files: HasMany<super::user_files::Entity>,
    #[sea_orm(has_many)]
    pub user_sessions: HasMany<super::user_sessions::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
