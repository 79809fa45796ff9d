//! The notifications service: each user's inbox, fed by other services' events, the welcome mail, and live push.
//!
//! The table of contents: a function's `Handler` setting names its job.

mod api;
mod config;
mod domain;
mod erase;
mod mailer;
mod push;
mod store;
mod subscribe;

use std::process::ExitCode;

use events::todos::attachments::{AttachmentDeletedV1, AttachmentReadyV1, AttachmentRejectedV1};
use events::todos::{TodoChangedV1, TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoDueV1, TodoReopenedV1};
use events::users::{UserDeletedV1, UserExportReadyV1, UserProfileChangedV1, UserRegisteredV1};
use lambda_kit::erasure::Eraser;
use lambda_kit::publisher::{self, Publisher};
use lambda_kit::settings::{UnknownHandler, handler_name, table_name};
use lambda_kit::subscriber::{on, on_any};
use lambda_kit::{api::serve, aws, start::start};
use lambda_runtime::Error;

use crate::config::{MailConfig, PushConfig, TokenConfig};
use crate::erase::Erasure;
use crate::mailer::Mailer;
use crate::push::keys::Keys;
use crate::push::sockets::Sockets;
use crate::push::tell::Push;
use crate::push::token::Verifier;
use crate::push::{authorizer, sessions};
use crate::store::Store;
use crate::subscribe::welcome_mail::{self, WelcomeMail};
use crate::subscribe::{inbox, recipients};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start(Box::pin(job())).await
}

async fn job() -> Result<(), Error> {
    match handler_name()?.as_str() {
        "list-notifications" => serve(store().await?, api::list).await,
        "read-notification" => serve(store().await?, api::read).await,
        "todo-created" => on::<TodoCreatedV1>().run(store().await?, inbox::todo_created).await,
        "todo-changed" => on::<TodoChangedV1>().run(store().await?, inbox::todo_changed).await,
        "todo-completed" => on::<TodoCompletedV1>().run(store().await?, inbox::todo_completed).await,
        "todo-reopened" => on::<TodoReopenedV1>().run(store().await?, inbox::todo_reopened).await,
        "todo-deleted" => on::<TodoDeletedV1>().run(store().await?, inbox::todo_deleted).await,
        "todo-due" => on::<TodoDueV1>().run(store().await?, inbox::todo_due).await,
        "attachment-ready" => on::<AttachmentReadyV1>().run(store().await?, inbox::attachment_ready).await,
        "attachment-rejected" => on::<AttachmentRejectedV1>().run(store().await?, inbox::attachment_rejected).await,
        "user-registered" => on::<UserRegisteredV1>().run(store().await?, inbox::user_registered).await,
        "recipient-registered" => on::<UserRegisteredV1>().run(store().await?, recipients::registered).await,
        "recipient-changed" => on::<UserProfileChangedV1>().run(store().await?, recipients::changed).await,
        "send-welcome-mail" => on::<UserRegisteredV1>().run(welcome_mail().await?, welcome_mail::send).await,
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
        "erase" => on::<UserDeletedV1>().run(erasure().await?, erase::erase).await,
        "publish" => publisher::run(Publisher::connect().await?).await,
        other => Err(UnknownHandler(other.to_owned()).into()),
    }
}

async fn store() -> Result<Store, Error> {
    let table = table_name()?;
    Ok(Store::new(&aws::load().await, table))
}

async fn welcome_mail() -> Result<WelcomeMail, Error> {
    let config = MailConfig::from_env()?;
    let aws = aws::load().await;
    Ok(WelcomeMail { store: Store::new(&aws, config.table), mailer: Mailer::new(&aws, &config.from) })
}

async fn push() -> Result<Push, Error> {
    let config = PushConfig::from_env()?;
    let aws = aws::load().await;
    Ok(Push { store: Store::new(&aws, config.table), sockets: Sockets::at(config.sockets, &aws) })
}

async fn erasure() -> Result<Erasure, Error> {
    Ok(Erasure { eraser: Eraser::from_env(&aws::load().await)?, push: push().await? })
}

async fn verifier() -> Result<Verifier, Error> {
    let config = TokenConfig::from_env()?;
    let keys = Keys::of(&config.issuer, &aws::load().await);
    Ok(Verifier { keys, issuer: config.issuer, client: config.audience })
}
