//! How a deletion begins, whoever asks for it.

use lambda_kit::cause::Cause;
use lambda_kit::clock;
use lambda_kit::table::TableError;
use uuid::Uuid;

use crate::store::{Begun, Store};

/// A deletion is tried again this often when others change the profile at the same time.
const ATTEMPTS: usize = 4;

/// Begins a user's deletion, again as long as others change the profile meanwhile; when they do so again and again,
/// nothing was written, and it is [`Begun::Outdated`]. A repeat is harmless.
pub(crate) async fn begin(store: &Store, user: Uuid, cause: &Cause) -> Result<Begun, TableError> {
    for _ in 0..ATTEMPTS {
        match store.begin_deletion(user, clock::now(), cause).await? {
            Begun::Outdated => {}
            begun => return Ok(begun),
        }
    }
    Ok(Begun::Outdated)
}
