//! The todos service: to-do items that belong to one user each.
//!
//! The table of contents: a function's `Handler` setting names its job.

mod api;
mod attachments;
mod domain;
mod erase;
mod export;
mod reminders;
mod store;
mod subscribe;

use std::process::ExitCode;

use events::todos::TodoDeletedV1;
use events::todos::attachments::AttachmentDeletedV1;
use events::users::{UserDeletedV1, UserExportRequestedV1};
use lambda_kit::erasure::Eraser;
use lambda_kit::export::Exporter;
use lambda_kit::publisher::{self, Publisher};
use lambda_kit::settings::{UnknownHandler, handler_name, table_name};
use lambda_kit::subscriber::on;
use lambda_kit::{api::serve, aws, invoked, start::start, stream};
use lambda_runtime::Error;

use crate::attachments::api as attachment_api;
use crate::attachments::api::Catalogue;
use crate::attachments::files::Files;
use crate::attachments::store::Attachments;
use crate::attachments::{Config, Desk, bucket_name, check};
use crate::erase::Erasure;
use crate::export::Export;
use crate::reminders::{Scheduler, Schedules};
use crate::store::Store;
use crate::subscribe::files;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start(Box::pin(job())).await
}

async fn job() -> Result<(), Error> {
    match handler_name()?.as_str() {
        "create-todo" => serve(store().await?, api::create).await,
        "list-todos" => serve(store().await?, api::list).await,
        "get-todo" => serve(store().await?, api::get).await,
        "change-todo" => serve(store().await?, api::change).await,
        "complete-todo" => serve(store().await?, api::complete).await,
        "reopen-todo" => serve(store().await?, api::reopen).await,
        "delete-todo" => serve(store().await?, api::delete).await,
        "schedule" => stream::run(schedules().await?, reminders::schedule).await,
        "remind" => invoked::run(store().await?, reminders::remind).await,
        "create-attachment" => serve(desk().await?, attachment_api::create).await,
        "list-attachments" => serve(catalogue().await?, attachment_api::list).await,
        "get-attachment" => serve(desk().await?, attachment_api::get).await,
        "delete-attachment" => serve(attachments().await?, attachment_api::delete).await,
        "check-attachment" => invoked::run(desk().await?, check::check).await,
        "delete-attachments" => on::<TodoDeletedV1>().run(attachments().await?, files::item_deleted).await,
        "delete-files" => on::<AttachmentDeletedV1>().run(bucket().await?, files::attachment_deleted).await,
        "export" => on::<UserExportRequestedV1>().run(exporter().await?, export::export).await,
        "erase" => on::<UserDeletedV1>().run(erasure().await?, erase::erase).await,
        "publish" => publisher::run(Publisher::connect().await?).await,
        other => Err(UnknownHandler(other.to_owned()).into()),
    }
}

async fn store() -> Result<Store, Error> {
    let table = table_name()?;
    Ok(Store::new(&aws::load().await, table))
}

async fn schedules() -> Result<Schedules, Error> {
    let table = table_name()?;
    let aws = aws::load().await;
    Ok(Schedules { store: Store::new(&aws, table), scheduler: Scheduler::connect(&aws)? })
}

async fn attachments() -> Result<Attachments, Error> {
    let table = table_name()?;
    Ok(Attachments::new(&aws::load().await, table))
}

async fn bucket() -> Result<Files, Error> {
    let bucket = bucket_name()?;
    Ok(Files::new(&aws::load().await, bucket))
}

async fn desk() -> Result<Desk, Error> {
    let config = Config::from_env()?;
    Ok(Desk::new(&aws::load().await, config))
}

async fn catalogue() -> Result<Catalogue, Error> {
    let (table, config) = (table_name()?, Config::from_env()?);
    let aws = aws::load().await;
    Ok(Catalogue { items: Store::new(&aws, table), desk: Desk::new(&aws, config) })
}

async fn erasure() -> Result<Erasure, Error> {
    let bucket = bucket_name()?;
    let aws = aws::load().await;
    Ok(Erasure { eraser: Eraser::from_env(&aws)?, files: Files::new(&aws, bucket) })
}

async fn exporter() -> Result<Export, Error> {
    let config = Config::from_env()?;
    let aws = aws::load().await;
    Ok(Export { exporter: Exporter::from_env(&aws)?, desk: Desk::new(&aws, config) })
}
