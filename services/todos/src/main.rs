//! The todos service: to-do items that belong to one user each.
//!
//! The table of contents: a function's `Handler` setting names its job.

mod api;
mod domain;
mod reminders;
mod store;

use std::process::ExitCode;

use lambda_kit::publisher::{self, Publisher};
use lambda_kit::settings::{UnknownHandler, handler_name, table_name};
use lambda_kit::{api::serve, aws, invoked, start::start, stream};
use lambda_runtime::Error;

use crate::reminders::{Scheduler, Schedules};
use crate::store::Store;

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
