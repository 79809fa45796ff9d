//! The todos service: to-do items that belong to one user each.
//!
//! The table of contents: a function's `Handler` setting names its job.

mod api;
mod app;
mod config;
mod domain;
mod end_sessions;
mod erase;
mod export;
mod files;
#[cfg(test)]
mod limits;
mod scheduler;
mod store;
mod subscribe;

use std::process::ExitCode;

use events::todos::TodoPurgedV1;
use events::todos::attachments::AttachmentDeletedV1;
use events::users::{UserDeletedV1, UserExportRequestedV1, UserSignedOutV1};
use lambda_kit::api::{serve, serve_writes};
use lambda_kit::personal_data::erasure::Eraser;
use lambda_kit::personal_data::export::Exporter;
use lambda_kit::publisher::{self, Publisher};
use lambda_kit::sessions::EndedSessions;
use lambda_kit::settings::{UnknownHandler, handler_name, table_name};
use lambda_kit::subscriber::subscribe_to;
use lambda_kit::{aws, invoked, start::start, stream};
use lambda_runtime::Error;

use crate::app::attachments::{AttachmentRows, Attachments, NewAttachments};
use crate::app::reminders::{DueReminders, ReminderSchedules};
use crate::app::todos::{NewTodos, Todos};
use crate::config::{AttachmentConfig, attachment_quota, bucket_name, item_quota};
use crate::erase::Erasure;
use crate::export::Export;
use crate::files::Files;
use crate::scheduler::Scheduler;
use crate::store::Store;
use crate::subscribe::{reminders, uploads};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start(env!("CARGO_CRATE_NAME"), Box::pin(job())).await
}

async fn job() -> Result<(), Error> {
    match handler_name()?.as_str() {
        "create-todo" => serve_writes(new_todos().await?, api::todos::create).await,
        "list-todos" => serve(todos().await?, api::todos::list).await,
        "get-todo" => serve(todos().await?, api::todos::get).await,
        "change-todo" => serve_writes(todos().await?, api::todos::change).await,
        "complete-todo" => serve_writes(todos().await?, api::todos::complete).await,
        "reopen-todo" => serve_writes(todos().await?, api::todos::reopen).await,
        "delete-todo" => serve_writes(todos().await?, api::todos::delete).await,
        "restore-todo" => serve_writes(todos().await?, api::todos::restore).await,
        "purge-todo" => serve_writes(todos().await?, api::todos::purge).await,
        "purge-expired" => invoked::run(todos().await?, reminders::purge).await,
        "schedule" => stream::run(schedules().await?, reminders::schedule).await,
        "remind" => invoked::run(DueReminders { store: store().await? }, reminders::remind).await,
        "create-attachment" => serve_writes(new_attachments().await?, api::attachments::create).await,
        "list-attachments" => serve(attachments().await?, api::attachments::list).await,
        "get-attachment" => serve(attachments().await?, api::attachments::get).await,
        "delete-attachment" => serve_writes(attachment_rows().await?, api::attachments::delete).await,
        "check-attachment" => invoked::run(attachments().await?, uploads::check_attachment).await,
        "delete-attachments" => {
            let purged = subscribe_to::<TodoPurgedV1>();
            purged.run(attachment_rows().await?, subscribe::attachments::delete_attachments).await
        }
        "delete-files" => {
            let deleted = subscribe_to::<AttachmentDeletedV1>();
            deleted.run(files().await?, subscribe::attachments::delete_files).await
        }
        "export" => subscribe_to::<UserExportRequestedV1>().run(exporter().await?, export::export).await,
        "end-sessions" => {
            subscribe_to::<UserSignedOutV1>().run(ended_sessions().await?, end_sessions::end_sessions).await
        }
        "erase" => subscribe_to::<UserDeletedV1>().run(eraser().await?, erase::erase).await,
        "publish" => publisher::run(Publisher::connect().await?).await,
        other => Err(UnknownHandler(other.to_owned()).into()),
    }
}

async fn store() -> Result<Store, Error> {
    let table = table_name()?;
    Ok(Store::new(&aws::load().await, table))
}

async fn todos() -> Result<Todos, Error> {
    Ok(Todos { store: store().await? })
}

async fn new_todos() -> Result<NewTodos, Error> {
    Ok(NewTodos { quota: item_quota()?, store: store().await? })
}

async fn schedules() -> Result<ReminderSchedules, Error> {
    let table = table_name()?;
    let aws = aws::load().await;
    Ok(ReminderSchedules { store: Store::new(&aws, table), scheduler: Scheduler::from_env(&aws)? })
}

async fn attachments() -> Result<Attachments, Error> {
    let config = AttachmentConfig::from_env()?;
    let aws = aws::load().await;
    Ok(Attachments { store: Store::new(&aws, config.table), files: Files::new(&aws, config.bucket) })
}

async fn new_attachments() -> Result<NewAttachments, Error> {
    let quota = attachment_quota()?;
    let Attachments { store, files } = attachments().await?;
    Ok(NewAttachments { store, files, quota })
}

async fn attachment_rows() -> Result<AttachmentRows, Error> {
    Ok(AttachmentRows { store: store().await? })
}

async fn files() -> Result<Files, Error> {
    let bucket = bucket_name()?;
    Ok(Files::new(&aws::load().await, bucket))
}

async fn ended_sessions() -> Result<EndedSessions, Error> {
    Ok(EndedSessions::from_env(&aws::load().await)?)
}

async fn eraser() -> Result<Erasure, Error> {
    let bucket = bucket_name()?;
    let aws = aws::load().await;
    Ok(Erasure { eraser: Eraser::from_env(&aws)?, files: Files::new(&aws, bucket) })
}

async fn exporter() -> Result<Export, Error> {
    let config = AttachmentConfig::from_env()?;
    let aws = aws::load().await;
    let (store, files) = (Store::new(&aws, config.table), Files::new(&aws, config.bucket));
    Ok(Export { exporter: Exporter::from_env(&aws)?, store, files })
}
