//! The users service: sign-in, profiles, and the deletion and export of accounts.
//!
//! The table of contents: a function's `Handler` setting names its job.

mod api;
mod app;
mod config;
mod domain;
mod exports_bucket;
#[cfg(test)]
mod limits;
mod participant_registry;
mod post_confirmation;
mod pre_token_generation;
mod scheduled;
mod store;
mod subscribe;
mod user_pool;

use std::process::ExitCode;

use aws_config::SdkConfig;
use events::participants::{UserDataErasedV1, UserDataExportedV1};
use events::users::{UserDeletedV1, UserExportRequestedV1};
use lambda_kit::api::{serve, serve_writes};
use lambda_kit::personal_data::erasure::Eraser;
use lambda_kit::personal_data::export::Exporter;
use lambda_kit::publisher::{self, Publisher};
use lambda_kit::settings::{UnknownHandler, handler_name, table_name};
use lambda_kit::subscriber::{subscribe_to, subscribe_to_any};
use lambda_kit::{aws, invoked, start::start};
use lambda_runtime::Error;

use crate::app::deletions::Deletions;
use crate::app::exports::{Downloads, ExportRequests, PartCollector};
use crate::app::profiles::{Profiles, Registrations, UserDirectory};
use crate::app::removed_pool_users::PoolReconciliation;
use crate::app::sign_outs::SignOuts;
use crate::config::ProfileConfig;
use crate::exports_bucket::ExportsBucket;
use crate::participant_registry::ParticipantRegistry;
use crate::store::Store;
use crate::subscribe::erase::UserErasure;
use crate::subscribe::export::PartWriter;
use crate::subscribe::participant_answers::{ErasureAnswers, participant_erased, participant_exported};
use crate::user_pool::UserPool;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start(env!("CARGO_CRATE_NAME"), Box::pin(job())).await
}

async fn job() -> Result<(), Error> {
    match handler_name()?.as_str() {
        "get-me" => serve(profiles().await?, api::profile::get_me).await,
        "change-me" => serve_writes(profiles().await?, api::profile::change_me).await,
        "delete-me" => serve(deletions().await?, api::deletion::delete_me).await,
        "sign-out" => serve(sign_outs().await?, api::sign_out::sign_out).await,
        "list-users" => serve(UserDirectory { store: store().await? }, api::users::list).await,
        "post-confirmation" => post_confirmation::run(Registrations { store: store().await? }).await,
        "pre-token-generation" => pre_token_generation::run().await,
        "request-export" => serve(export_requests().await?, api::export::request_export).await,
        "get-export" => serve(downloads().await?, api::export::get_export).await,
        "export" => subscribe_to::<UserExportRequestedV1>().run(part_writer().await?, subscribe::export::export).await,
        "participant-exported" => {
            let answers = subscribe_to_any().participant_event::<UserDataExportedV1>();
            answers.run(part_collector().await?, participant_exported).await
        }
        "erase" => subscribe_to::<UserDeletedV1>().run(user_erasure().await?, subscribe::erase::erase).await,
        "participant-erased" => {
            let answers = subscribe_to_any().participant_event::<UserDataErasedV1>();
            answers.run(erasure_answers().await?, participant_erased).await
        }
        "watch-deletions" => invoked::run(pool_reconciliation().await?, scheduled::watch_deletions).await,
        "publish" => publisher::run(Publisher::connect().await?).await,
        other => Err(UnknownHandler(other.to_owned()).into()),
    }
}

async fn store() -> Result<Store, Error> {
    let table = table_name()?;
    Ok(Store::new(&aws::load().await, table))
}

async fn profiles() -> Result<Profiles, Error> {
    let config = ProfileConfig::from_env()?;
    let sdk = aws::load().await;
    Ok(Profiles { store: Store::new(&sdk, config.table), pool: UserPool::new(&sdk, config.user_pool) })
}

async fn sign_outs() -> Result<SignOuts, Error> {
    let config = ProfileConfig::from_env()?;
    let sdk = aws::load().await;
    Ok(SignOuts { store: Store::new(&sdk, config.table), pool: UserPool::new(&sdk, config.user_pool) })
}

async fn deletions() -> Result<Deletions, Error> {
    deletions_with(&aws::load().await)
}

fn deletions_with(sdk: &SdkConfig) -> Result<Deletions, Error> {
    let (table, path) = (table_name()?, config::participants_path()?);
    Ok(Deletions { store: Store::new(sdk, table), registry: ParticipantRegistry::new(sdk, path) })
}

async fn user_erasure() -> Result<UserErasure, Error> {
    let (pool, bucket) = (config::user_pool_id()?, config::exports_bucket()?);
    let sdk = aws::load().await;
    Ok(UserErasure {
        eraser: Eraser::from_env(&sdk)?,
        pool: UserPool::new(&sdk, pool),
        exports: ExportsBucket::new(&sdk, bucket),
        partition: store::partition,
    })
}

async fn erasure_answers() -> Result<ErasureAnswers, Error> {
    let bucket = config::exports_bucket()?;
    let sdk = aws::load().await;
    Ok(ErasureAnswers { deletions: deletions_with(&sdk)?, exports: ExportsBucket::new(&sdk, bucket) })
}

async fn pool_reconciliation() -> Result<PoolReconciliation, Error> {
    let pool = config::user_pool_id()?;
    let sdk = aws::load().await;
    Ok(PoolReconciliation { deletions: deletions_with(&sdk)?, pool: UserPool::new(&sdk, pool) })
}

async fn export_requests() -> Result<ExportRequests, Error> {
    let (table, path) = (table_name()?, config::participants_path()?);
    let sdk = aws::load().await;
    Ok(ExportRequests { store: Store::new(&sdk, table), registry: ParticipantRegistry::new(&sdk, path) })
}

async fn downloads() -> Result<Downloads, Error> {
    let (table, bucket) = (table_name()?, config::exports_bucket()?);
    let sdk = aws::load().await;
    Ok(Downloads { store: Store::new(&sdk, table), bucket: ExportsBucket::new(&sdk, bucket) })
}

async fn part_writer() -> Result<PartWriter, Error> {
    Ok(PartWriter { exporter: Exporter::from_env(&aws::load().await)?, partition: store::partition })
}

async fn part_collector() -> Result<PartCollector, Error> {
    let (table, bucket, path) = (table_name()?, config::exports_bucket()?, config::participants_path()?);
    let sdk = aws::load().await;
    Ok(PartCollector {
        store: Store::new(&sdk, table),
        bucket: ExportsBucket::new(&sdk, bucket),
        registry: ParticipantRegistry::new(&sdk, path),
    })
}
