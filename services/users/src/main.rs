//! The users service: who may sign in, and the profile that goes with it.
//!
//! The table of contents: a function's `Handler` setting names its job.

mod api;
mod config;
mod deletion;
mod domain;
mod export;
mod pool;
mod post_confirmation;
mod store;
mod subscribe;

use std::process::ExitCode;

use aws_config::SdkConfig;
use events::notifications::{NotificationsErasedV1, NotificationsExportedV1};
use events::todos::{TodosErasedV1, TodosExportedV1};
use events::users::UserDeletedV1;
use lambda_kit::erasure::Eraser;
use lambda_kit::export::Exporter;
use lambda_kit::publisher::{self, Publisher};
use lambda_kit::settings::{UnknownHandler, handler_name, table_name};
use lambda_kit::subscriber::on;
use lambda_kit::{api::serve, aws, invoked, start::start};
use lambda_runtime::Error;

use crate::api::Profiles;
use crate::config::{ExportConfig, ProfileConfig, SessionConfig};
use crate::deletion::erase::{self, Erasure};
use crate::deletion::mark::{self, Marking};
use crate::deletion::watch::{self, Watch};
use crate::export::api::Exports;
use crate::export::bucket::Bucket;
use crate::export::collect::{self, Collection};
use crate::pool::{Sessions, UserPool};
use crate::store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start(Box::pin(job())).await
}

async fn job() -> Result<(), Error> {
    match handler_name()?.as_str() {
        "get-me" => serve(profiles().await?, api::get_me).await,
        "change-me" => serve(profiles().await?, api::change_me).await,
        "delete-me" => serve(store().await?, deletion::api::delete_me).await,
        "list-users" => serve(store().await?, api::list).await,
        "refresh-session" => serve(sessions().await?, api::refresh_session).await,
        "post-confirmation" => post_confirmation::run(store().await?).await,
        "request-export" => serve(store().await?, export::api::request_export).await,
        "get-export" => serve(exports().await?, export::api::get_export).await,
        "todos-exported" => on::<TodosExportedV1>().run(collection().await?, collect::todos_exported).await,
        "notifications-exported" => {
            on::<NotificationsExportedV1>().run(collection().await?, collect::notifications_exported).await
        }
        "erase" => on::<UserDeletedV1>().run(erasure().await?, erase::erase).await,
        "todos-erased" => on::<TodosErasedV1>().run(marking().await?, mark::todos_erased).await,
        "notifications-erased" => on::<NotificationsErasedV1>().run(marking().await?, mark::notifications_erased).await,
        "watch-deletions" => invoked::run(watch().await?, watch::watch).await,
        "publish" => publisher::run(Publisher::connect().await?).await,
        other => Err(UnknownHandler(other.to_owned()).into()),
    }
}

async fn profiles() -> Result<Profiles, Error> {
    let config = ProfileConfig::from_env()?;
    let sdk = aws::load().await;
    Ok(Profiles { store: Store::new(&sdk, config.table), pool: UserPool::new(&sdk, config.user_pool) })
}

async fn store() -> Result<Store, Error> {
    let table = table_name()?;
    Ok(Store::new(&aws::load().await, table))
}

async fn erasure() -> Result<Erasure, Error> {
    let config = ProfileConfig::from_env()?;
    let sdk = aws::load().await;
    let exports = ExportConfig::from_env()?;
    Ok(Erasure {
        eraser: Eraser::from_env(&sdk)?,
        exports: Bucket::new(&sdk, exports.bucket),
        pool: UserPool::new(&sdk, config.user_pool),
        store: Store::new(&sdk, config.table),
    })
}

async fn exports() -> Result<Exports, Error> {
    exports_with(&aws::load().await)
}

fn exports_with(sdk: &SdkConfig) -> Result<Exports, Error> {
    let config = ExportConfig::from_env()?;
    Ok(Exports { store: Store::new(sdk, config.table), bucket: Bucket::new(sdk, config.bucket) })
}

async fn collection() -> Result<Collection, Error> {
    let sdk = aws::load().await;
    let Exports { store, bucket } = exports_with(&sdk)?;
    Ok(Collection { store, bucket, exporter: Exporter::from_env(&sdk)? })
}

async fn marking() -> Result<Marking, Error> {
    let Exports { store, bucket } = exports().await?;
    Ok(Marking { store, exports: bucket })
}

async fn watch() -> Result<Watch, Error> {
    let Profiles { store, pool } = profiles().await?;
    Ok(Watch { store, pool })
}

async fn sessions() -> Result<Sessions, Error> {
    let config = SessionConfig::from_env()?;
    Ok(Sessions::new(&aws::load().await, config.client_id))
}
