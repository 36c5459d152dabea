//! Object storage: any store that speaks S3.

mod error;
mod s3;
mod settings;
mod upload;

pub use self::{s3::S3Store, settings::S3Settings};
