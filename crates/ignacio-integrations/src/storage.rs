//! Object storage: any store that speaks S3.

mod error;
mod multipart_upload;
mod s3;
mod settings;

pub use self::{s3::S3Store, settings::S3Settings};
