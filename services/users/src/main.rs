//! The users service: who may sign in, and the profile that goes with it.
//!
//! The table of contents: a function's `Handler` setting names its job.

mod api;
mod config;
mod domain;
mod pool;
mod post_confirmation;
mod store;

use std::process::ExitCode;

use lambda_kit::publisher::{self, Publisher};
use lambda_kit::settings::{UnknownHandler, handler_name, table_name};
use lambda_kit::{api::serve, aws, start::start};
use lambda_runtime::Error;

use crate::api::Profiles;
use crate::config::{ProfileConfig, SessionConfig};
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
        "list-users" => serve(store().await?, api::list).await,
        "refresh-session" => serve(sessions().await?, api::refresh_session).await,
        "post-confirmation" => post_confirmation::run(store().await?).await,
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

async fn sessions() -> Result<Sessions, Error> {
    let config = SessionConfig::from_env()?;
    Ok(Sessions::new(&aws::load().await, config.client_id))
}
