//! The notifications service: each user's inbox, fed by other services' events, the welcome mail, and live push.
//!
//! The table of contents: a function's `Handler` setting names its job.

mod api;
mod config;
mod digest;
mod domain;
mod erase;
mod export;
mod mailer;
mod post;
mod push;
mod secret;
mod store;
mod subscribe;

use std::process::ExitCode;

use aws_config::SdkConfig;
use events::todos::attachments::{AttachmentDeletedV1, AttachmentReadyV1, AttachmentRejectedV1};
use events::todos::{TodoChangedV1, TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoDueV1, TodoReopenedV1};
use events::users::{UserDeletedV1, UserExportReadyV1, UserExportRequestedV1, UserProfileChangedV1, UserRegisteredV1};
use lambda_kit::erasure::Eraser;
use lambda_kit::export::Exporter;
use lambda_kit::publisher::{self, Publisher};
use lambda_kit::settings::{Settings, UnknownHandler, handler_name, table_name};
use lambda_kit::subscriber::{on, on_any};
use lambda_kit::{api::serve, aws, invoked, start::start};
use lambda_runtime::Error;

use crate::api::unsubscribe::Unsubscribe;
use crate::config::{MailConfig, PushConfig, TokenConfig, UnsubscribeConfig};
use crate::digest::plan::Plan;
use crate::erase::Erasure;
use crate::export::Export;
use crate::mailer::Mailer;
use crate::post::{Post, RecurringPost};
use crate::push::keys::Keys;
use crate::push::sockets::Sockets;
use crate::push::tell::Push;
use crate::push::token::Verifier;
use crate::push::{authorizer, sessions};
use crate::store::Store;
use crate::subscribe::{agenda, export_mail, inbox, recipients, reminder_mail, welcome_mail};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start(Box::pin(job())).await
}

async fn job() -> Result<(), Error> {
    match handler_name()?.as_str() {
        "list-notifications" => serve(store().await?, api::list).await,
        "read-notification" => serve(store().await?, api::read).await,
        "read-notifications" => serve(store().await?, api::read_all).await,
        "get-preferences" => serve(store().await?, api::preferences::get).await,
        "change-preferences" => serve(store().await?, api::preferences::change).await,
        "ask-unsubscribe" => serve(unsubscribe().await?, api::unsubscribe::ask).await,
        "unsubscribe" => serve(unsubscribe().await?, api::unsubscribe::stop).await,
        "todo-created" => on::<TodoCreatedV1>().run(store().await?, inbox::todo_created).await,
        "todo-changed" => on::<TodoChangedV1>().run(store().await?, inbox::todo_changed).await,
        "todo-completed" => on::<TodoCompletedV1>().run(store().await?, inbox::todo_completed).await,
        "todo-reopened" => on::<TodoReopenedV1>().run(store().await?, inbox::todo_reopened).await,
        "todo-deleted" => on::<TodoDeletedV1>().run(store().await?, inbox::todo_deleted).await,
        "todo-due" => on::<TodoDueV1>().run(store().await?, inbox::todo_due).await,
        "attachment-ready" => on::<AttachmentReadyV1>().run(store().await?, inbox::attachment_ready).await,
        "attachment-rejected" => on::<AttachmentRejectedV1>().run(store().await?, inbox::attachment_rejected).await,
        "export-ready" => on::<UserExportReadyV1>().run(store().await?, inbox::export_ready).await,
        "user-registered" => on::<UserRegisteredV1>().run(store().await?, inbox::user_registered).await,
        "recipient-registered" => on::<UserRegisteredV1>().run(store().await?, recipients::registered).await,
        "recipient-changed" => on::<UserProfileChangedV1>().run(store().await?, recipients::changed).await,
        "send-welcome-mail" => on::<UserRegisteredV1>().run(post(&aws::load().await)?, welcome_mail::send).await,
        "send-reminder-mail" => on::<TodoDueV1>().run(recurring_post().await?, reminder_mail::send).await,
        "send-export-mail" => on::<UserExportReadyV1>().run(post(&aws::load().await)?, export_mail::send).await,
        "update-agenda" => {
            let todos = on_any().of::<TodoCreatedV1>().of::<TodoChangedV1>().of::<TodoCompletedV1>();
            todos.of::<TodoReopenedV1>().of::<TodoDeletedV1>().run(store().await?, agenda::keep).await
        }
        "plan-digests" => invoked::run(digest_plan().await?, digest::plan::plan).await,
        "send-digest-mail" => invoked::run(recurring_post().await?, digest::send::send).await,
        "authorize-connection" => push::run(verifier().await?, authorizer::authorize).await,
        "connect" => push::run(push().await?, sessions::connect).await,
        "disconnect" => push::run(push().await?, sessions::disconnect).await,
        "ping" => push::run(push().await?, sessions::ping).await,
        "push-todos" => {
            let todos = on_any().of::<TodoCreatedV1>().of::<TodoChangedV1>().of::<TodoCompletedV1>();
            let todos = todos.of::<TodoReopenedV1>().of::<TodoDeletedV1>().of::<TodoDueV1>();
            let todos = todos.of::<AttachmentReadyV1>().of::<AttachmentRejectedV1>().of::<AttachmentDeletedV1>();
            todos.run(push().await?, push::news::of_todos).await
        }
        "push-users" => {
            let users = on_any().of::<UserProfileChangedV1>().of::<UserExportReadyV1>();
            users.run(push().await?, push::news::of_users).await
        }
        "push-inbox" => push::run(push().await?, push::inbox::changed).await,
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

fn post(aws: &SdkConfig) -> Result<Post, Error> {
    let config = MailConfig::from_env()?;
    Ok(Post { store: Store::new(aws, config.table), mailer: Mailer::new(aws, &config.from), page: config.page })
}

async fn recurring_post() -> Result<RecurringPost, Error> {
    let api = Settings::read(|settings| settings.text("API_URL"))?;
    let config = UnsubscribeConfig::from_env()?;
    let aws = aws::load().await;
    Ok(RecurringPost { post: post(&aws)?, seal: secret::seal(&aws, &config.secret).await?, api })
}

async fn unsubscribe() -> Result<Unsubscribe, Error> {
    let (table, config) = (table_name()?, UnsubscribeConfig::from_env()?);
    let aws = aws::load().await;
    let seal = secret::seal(&aws, &config.secret).await?;
    Ok(Unsubscribe { store: Store::new(&aws, table), seal, page: config.page })
}

async fn digest_plan() -> Result<Plan, Error> {
    let table = table_name()?;
    let sender = Settings::read(|settings| settings.text("SEND_DIGEST_FUNCTION"))?;
    let aws = aws::load().await;
    Ok(Plan { store: Store::new(&aws, table), lambda: aws_sdk_lambda::Client::new(&aws), sender })
}

async fn push() -> Result<Push, Error> {
    push_with(&aws::load().await)
}

fn push_with(aws: &SdkConfig) -> Result<Push, Error> {
    let config = PushConfig::from_env()?;
    Ok(Push { store: Store::new(aws, config.table), sockets: Sockets::at(config.sockets, aws) })
}

async fn erasure() -> Result<Erasure, Error> {
    let aws = aws::load().await;
    Ok(Erasure { eraser: Eraser::from_env(&aws)?, push: push_with(&aws)? })
}

async fn verifier() -> Result<Verifier, Error> {
    let config = TokenConfig::from_env()?;
    let keys = Keys::of(&config.issuer, &aws::load().await);
    Ok(Verifier { keys, issuer: config.issuer, client: config.audience })
}

async fn exporter() -> Result<Export, Error> {
    Ok(Export { exporter: Exporter::from_env(&aws::load().await)? })
}
