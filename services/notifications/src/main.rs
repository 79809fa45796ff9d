//! The notifications service: users' inboxes, emails and live updates, fed by events of other services.
//!
//! The table of contents: the `Handler` setting of a function names its job.

mod access_token;
mod api;
mod app;
mod config;
mod digest_requests;
mod domain;
mod email_events;
mod end_sessions;
mod erase;
mod export;
#[cfg(test)]
mod limits;
mod runner;
mod scheduled;
mod secrets;
mod ses;
mod store;
mod stream;
mod subscribe;
mod websocket_api;
mod websockets;

use std::process::ExitCode;

use aws_config::SdkConfig;
use events::todos::attachments::{AttachmentDeletedV1, AttachmentReadyV1, AttachmentRejectedV1};
use events::todos::{
    TodoAllDaySetV1, TodoChangedV1, TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoDueV1, TodoPurgedV1,
    TodoReopenedV1, TodoRestoredV1,
};
use events::users::{
    UserDeletedV1, UserExportReadyV1, UserExportRequestedV1, UserProfileChangedV1, UserRegisteredV1, UserSignedOutV1,
};
use jiff::SignedDuration;
use lambda_kit::api::{serve, serve_public, serve_writes};
use lambda_kit::personal_data::erasure::Eraser;
use lambda_kit::personal_data::export::Exporter;
use lambda_kit::publisher::{self, Publisher};
use lambda_kit::sessions::EndedSessions;
use lambda_kit::settings::{Settings, UnknownHandler, handler_name, table_name};
use lambda_kit::subscriber::{Subscriptions, subscribe_to, subscribe_to_any};
use lambda_kit::{aws, invoked, start::start};
use lambda_runtime::Error;

use crate::access_token::AccessTokenVerifier;
use crate::access_token::signing_keys::SigningKeys;
use crate::app::agenda::Agenda;
use crate::app::digests::DigestPlanner;
use crate::app::emails::{EmailSender, RecurringEmailSender};
use crate::app::inbox::{Inbox, InboxWriter};
use crate::app::live_push::LivePush;
use crate::app::preferences::UserPreferences;
use crate::app::recipients::Recipients;
use crate::app::unsubscribe::Unsubscriber;
use crate::config::{EmailConfig, TokenConfig, UnsubscribeConfig, WebSocketConfig};
use crate::digest_requests::DigestInvoker;
use crate::end_sessions::SessionEnd;
use crate::erase::Erasure;
use crate::export::Export;
use crate::ses::SesClient;
use crate::store::Store;
use crate::subscribe::inbox::NewEntry;
use crate::subscribe::live_push::UserChange;
use crate::subscribe::payloads::AgendaItemPayload;
use crate::subscribe::recipients::RecipientUpdate;
use crate::subscribe::{agenda, emails, inbox, live_push, recipients};
use crate::websocket_api::{authorizer, sessions};
use crate::websockets::WebSocketClient;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start(env!("CARGO_CRATE_NAME"), Box::pin(job())).await
}

async fn job() -> Result<(), Error> {
    match handler_name()?.as_str() {
        "list-notifications" => serve(inbox().await?, api::inbox::list).await,
        "read-notification" => serve_writes(inbox().await?, api::inbox::read).await,
        "read-notifications" => serve_writes(inbox().await?, api::inbox::read_all).await,
        "get-preferences" => serve(preferences().await?, api::preferences::get).await,
        "change-preferences" => serve_writes(preferences().await?, api::preferences::change).await,
        "confirm-unsubscribe" => serve_public(unsubscriber().await?, api::unsubscribe::confirm).await,
        "unsubscribe" => serve_public(unsubscriber().await?, api::unsubscribe::unsubscribe).await,
        "update-inbox" => inbox_events().run(inbox_writer().await?, inbox::update).await,
        "update-recipients" => recipient_events().run(recipients().await?, recipients::update).await,
        "update-agenda" => agenda_events().run(agenda().await?, agenda::update).await,
        "send-welcome-mail" => {
            subscribe_to::<UserRegisteredV1>().run(email_sender().await?, emails::user_registered).await
        }
        "send-reminder-mail" => {
            subscribe_to::<TodoDueV1>().run(recurring_email_sender().await?, emails::todo_due).await
        }
        "send-export-mail" => {
            subscribe_to::<UserExportReadyV1>().run(email_sender().await?, emails::export_ready).await
        }
        "record-email-problem" => invoked::run(recipients().await?, email_events::record).await,
        "plan-digests" => invoked::run(digest_planner().await?, scheduled::plan_digests).await,
        "send-digest-mail" => invoked::run(recurring_email_sender().await?, scheduled::send_digest).await,
        "authorize-connection" => runner::run(token_verifier().await?, authorizer::authorize).await,
        "connect" => runner::run(live_push().await?, sessions::connect).await,
        "disconnect" => runner::run(live_push().await?, sessions::disconnect).await,
        "ping" => runner::run(live_push().await?, sessions::ping).await,
        "push-changes" => change_events().run(live_push().await?, live_push::push).await,
        "push-inbox" => runner::run(live_push().await?, stream::push_inbox).await,
        "export" => subscribe_to::<UserExportRequestedV1>().run(exporter().await?, export::export).await,
        "end-sessions" => subscribe_to::<UserSignedOutV1>().run(session_end().await?, end_sessions::end_sessions).await,
        "erase" => subscribe_to::<UserDeletedV1>().run(erasure().await?, erase::erase).await,
        "publish" => publisher::run(Publisher::connect().await?).await,
        other => Err(UnknownHandler(other.to_owned()).into()),
    }
}

fn inbox_events() -> Subscriptions<NewEntry> {
    subscribe_to_any()
        .event_as::<TodoCreatedV1, _>(inbox::todo_created)
        .event_as::<TodoChangedV1, _>(inbox::todo_changed)
        .event_as::<TodoCompletedV1, _>(inbox::todo_completed)
        .event_as::<TodoReopenedV1, _>(inbox::todo_reopened)
        .event_as::<TodoDeletedV1, _>(inbox::todo_deleted)
        .event_as::<TodoDueV1, _>(inbox::todo_due)
        .event_as::<AttachmentReadyV1, _>(inbox::attachment_ready)
        .event_as::<AttachmentRejectedV1, _>(inbox::attachment_rejected)
        .event_as::<UserExportReadyV1, _>(inbox::export_ready)
        .event_as::<UserRegisteredV1, _>(inbox::user_registered)
}

fn recipient_events() -> Subscriptions<RecipientUpdate> {
    subscribe_to_any()
        .event_as::<UserRegisteredV1, _>(recipients::user_registered)
        .event_as::<UserProfileChangedV1, _>(recipients::profile_changed)
}

fn agenda_events() -> Subscriptions<AgendaItemPayload> {
    subscribe_to_any()
        .event::<TodoCreatedV1>()
        .event::<TodoChangedV1>()
        .event::<TodoCompletedV1>()
        .event::<TodoReopenedV1>()
        .event::<TodoDeletedV1>()
        .event::<TodoRestoredV1>()
        .event::<TodoAllDaySetV1>()
}

fn change_events() -> Subscriptions<UserChange> {
    subscribe_to_any()
        .event_as::<TodoCreatedV1, _>(live_push::item_changed)
        .event_as::<TodoChangedV1, _>(live_push::item_changed)
        .event_as::<TodoCompletedV1, _>(live_push::item_changed)
        .event_as::<TodoReopenedV1, _>(live_push::item_changed)
        .event_as::<TodoDeletedV1, _>(live_push::item_changed)
        .event_as::<TodoRestoredV1, _>(live_push::item_changed)
        .event_as::<TodoPurgedV1, _>(live_push::item_changed)
        .event_as::<TodoDueV1, _>(live_push::item_changed)
        .event_as::<AttachmentReadyV1, _>(live_push::item_changed)
        .event_as::<AttachmentRejectedV1, _>(live_push::item_changed)
        .event_as::<AttachmentDeletedV1, _>(live_push::item_changed)
        .event_as::<UserProfileChangedV1, _>(live_push::user_changed)
        .event_as::<UserExportReadyV1, _>(live_push::user_changed)
}

async fn store() -> Result<Store, Error> {
    let table = table_name()?;
    Ok(Store::new(&aws::load().await, table))
}

async fn inbox() -> Result<Inbox, Error> {
    Ok(Inbox { store: store().await? })
}

async fn inbox_writer() -> Result<InboxWriter, Error> {
    let days: u32 = Settings::read(|settings| settings.number("INBOX_RETENTION_DAYS"))?;
    Ok(InboxWriter { store: store().await?, retention: SignedDuration::from_hours(24 * i64::from(days)) })
}

async fn preferences() -> Result<UserPreferences, Error> {
    Ok(UserPreferences { store: store().await? })
}

async fn recipients() -> Result<Recipients, Error> {
    Ok(Recipients { store: store().await? })
}

async fn agenda() -> Result<Agenda, Error> {
    Ok(Agenda { store: store().await? })
}

async fn email_sender() -> Result<EmailSender, Error> {
    email_sender_with(&aws::load().await)
}

fn email_sender_with(aws: &SdkConfig) -> Result<EmailSender, Error> {
    let config = EmailConfig::from_env()?;
    let ses = SesClient::new(aws, &config.from, config.configuration_set);
    Ok(EmailSender { store: Store::new(aws, config.table), ses, page: config.page })
}

async fn recurring_email_sender() -> Result<RecurringEmailSender, Error> {
    let api = Settings::read(|settings| settings.text("API_URL"))?;
    let config = UnsubscribeConfig::from_env()?;
    let aws = aws::load().await;
    let signer = secrets::unsubscribe_token_signer(&aws, &config.secret).await?;
    Ok(RecurringEmailSender { sender: email_sender_with(&aws)?, signer, api })
}

async fn unsubscriber() -> Result<Unsubscriber, Error> {
    let (table, config) = (table_name()?, UnsubscribeConfig::from_env()?);
    let aws = aws::load().await;
    let signer = secrets::unsubscribe_token_signer(&aws, &config.secret).await?;
    Ok(Unsubscriber { store: Store::new(&aws, table), signer, page: config.page })
}

async fn digest_planner() -> Result<DigestPlanner, Error> {
    let table = table_name()?;
    let function = Settings::read(|settings| settings.text("SEND_DIGEST_FUNCTION"))?;
    let aws = aws::load().await;
    let invoker = DigestInvoker { lambda: aws_sdk_lambda::Client::new(&aws), function };
    Ok(DigestPlanner { store: Store::new(&aws, table), invoker })
}

async fn live_push() -> Result<LivePush, Error> {
    live_push_with(&aws::load().await)
}

fn live_push_with(aws: &SdkConfig) -> Result<LivePush, Error> {
    let config = WebSocketConfig::from_env()?;
    Ok(LivePush { store: Store::new(aws, config.table), websockets: WebSocketClient::new(config.endpoint, aws) })
}

async fn token_verifier() -> Result<AccessTokenVerifier, Error> {
    let config = TokenConfig::from_env()?;
    let keys = SigningKeys::for_issuer(&config.issuer, &aws::load().await);
    Ok(AccessTokenVerifier { keys, issuer: config.issuer, client: config.audience })
}

async fn session_end() -> Result<SessionEnd, Error> {
    let aws = aws::load().await;
    Ok(SessionEnd { ended: EndedSessions::from_env(&aws)?, push: live_push_with(&aws)? })
}

async fn erasure() -> Result<Erasure, Error> {
    let aws = aws::load().await;
    Ok(Erasure { eraser: Eraser::from_env(&aws)?, push: live_push_with(&aws)? })
}

async fn exporter() -> Result<Export, Error> {
    Ok(Export { exporter: Exporter::from_env(&aws::load().await)? })
}
