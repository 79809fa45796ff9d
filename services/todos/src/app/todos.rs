//! To-do items: create, read and change.

use lambda_kit::correlation::CorrelationContext;
use uuid::Uuid;

use crate::app::error::AppError;
use crate::domain::idempotency::IdempotentRequest;
use crate::domain::todo::{CreateOutcome, SaveOutcome, Todo, TodoChange};
use crate::domain::todo_list::{Page, PageRequest};
use crate::store::Store;

/// A change is tried this often while others change the item at the same time.
const ATTEMPTS: usize = 4;

/// The items of all users.
#[derive(Clone, Debug)]
pub(crate) struct Todos {
    pub(crate) store: Store,
}

/// The outcome of a change.
#[derive(Debug)]
pub(crate) enum UpdateOutcome {
    /// The item after the change, or as it was if there was nothing to change.
    Updated(Todo),
    NotFound,
    /// The request expects another version than this one.
    Stale(u64),
}

impl Todos {
    /// Whether the user has deleted their account. Creations must ask.
    pub(crate) async fn is_account_deleted(&self, user: Uuid) -> Result<bool, AppError> {
        Ok(self.store.is_deleted(user).await?)
    }

    pub(crate) async fn create(
        &self,
        change: TodoChange,
        request: Option<&IdempotentRequest>,
        correlation: &CorrelationContext,
    ) -> Result<CreateOutcome, AppError> {
        Ok(self.store.create_todo(change, request, correlation).await?)
    }

    pub(crate) async fn get(&self, owner: Uuid, id: Uuid) -> Result<Option<Todo>, AppError> {
        Ok(self.store.get_todo(owner, id).await?)
    }

    pub(crate) async fn list(&self, request: &PageRequest) -> Result<Page, AppError> {
        Ok(self.store.list_todos(request).await?)
    }

    /// Applies `rule` to the owner's item and saves its result, unless it changes nothing.
    ///
    /// `is_expected` tells whether the request may change the item in this version.
    pub(crate) async fn update<E: From<AppError>>(
        &self,
        (owner, id): (Uuid, Uuid),
        is_expected: impl Fn(u64) -> bool,
        rule: impl Fn(Todo) -> Result<Option<TodoChange>, E>,
        correlation: &CorrelationContext,
    ) -> Result<UpdateOutcome, E> {
        for _ in 0..ATTEMPTS {
            let Some(todo) = self.get(owner, id).await? else {
                return Ok(UpdateOutcome::NotFound);
            };
            if !is_expected(todo.version) {
                return Ok(UpdateOutcome::Stale(todo.version));
            }
            let Some(change) = rule(todo.clone())? else {
                return Ok(UpdateOutcome::Updated(todo));
            };
            match self.store.save_todo(change, correlation).await.map_err(AppError::from)? {
                SaveOutcome::Saved(todo) => return Ok(UpdateOutcome::Updated(todo)),
                SaveOutcome::Outdated => {}
            }
        }
        Err(AppError::Contended.into())
    }
}
