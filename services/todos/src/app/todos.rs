//! To-do items: create, read and change.

use lambda_kit::clock;
use lambda_kit::contention::{self, ATTEMPTS};
use lambda_kit::correlation::CorrelationContext;
use uuid::Uuid;

use crate::app::error::AppError;
use crate::app::quota;
use crate::domain::idempotency::IdempotentRequest;
use crate::domain::purge::Purge;
use crate::domain::quota::Quota;
use crate::domain::todo::{CreateOutcome, SaveOutcome, Todo, TodoChange};
use crate::domain::todo_list::{Page, PageRequest};
use crate::store::Store;

/// The items of all users.
#[derive(Clone, Debug)]
pub(crate) struct Todos {
    pub(crate) store: Store,
}

/// New items, within the quota of their owner.
#[derive(Clone, Debug)]
pub(crate) struct NewTodos {
    pub(crate) store: Store,
    pub(crate) quota: Quota,
}

/// The item that a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) owner: Uuid,
    pub(crate) id: Uuid,
    pub(crate) scope: Scope,
}

/// Among which items it is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope {
    /// Those that are not deleted.
    Current,
    /// Both current and deleted ones.
    All,
}

/// The outcome of a change.
#[derive(Debug)]
pub(crate) enum UpdateOutcome {
    /// The item after the change, or as it was if there was nothing to change.
    Updated(Box<Todo>),
    NotFound,
    /// The request expects another version than this one.
    Stale(u64),
}

impl NewTodos {
    /// Writes a new item, unless the same request came before: that takes nothing of the quota.
    pub(crate) async fn create(
        &self,
        change: TodoChange,
        request: Option<&IdempotentRequest>,
        correlation: &CorrelationContext,
    ) -> Result<CreateOutcome, AppError> {
        let owner = change.todo.owner;
        if let Some(request) = request
            && let Some(repeated) = self.store.find_creation(owner, request, clock::now()).await?
        {
            return Ok(repeated);
        }
        if let Err(refusal) = quota::reserve(&self.store, self.quota, owner, 1).await? {
            return Ok(CreateOutcome::Refused(refusal));
        }
        Ok(self.store.create_todo(change, request, correlation).await?)
    }
}

impl Todos {
    pub(crate) async fn get(&self, owner: Uuid, id: Uuid) -> Result<Option<Todo>, AppError> {
        Ok(self.store.get_todo(owner, id).await?)
    }

    pub(crate) async fn list(&self, request: &PageRequest) -> Result<Page, AppError> {
        Ok(self.store.list_todos(request).await?)
    }

    /// Purges an item that is deleted since this time.
    pub(crate) async fn purge(&self, purge: &Purge, correlation: &CorrelationContext) -> Result<(), AppError> {
        let target = Target { owner: purge.owner_id, id: purge.todo_id, scope: Scope::All };
        let rule = |todo: Todo| {
            let is_same_deletion = Purge::for_todo(&todo) == Some(*purge);
            Ok::<_, AppError>(todo.purge(clock::now()).filter(|_| is_same_deletion))
        };
        self.update(target, |_| true, rule, correlation).await?;
        Ok(())
    }

    /// Applies `rule` to the owner's item and saves its result, unless it changes nothing.
    ///
    /// `is_expected` tells whether the request may change the item in this version.
    pub(crate) async fn update<E: From<AppError>>(
        &self,
        target: Target,
        is_expected: impl Fn(u64) -> bool,
        rule: impl Fn(Todo) -> Result<Option<TodoChange>, E>,
        correlation: &CorrelationContext,
    ) -> Result<UpdateOutcome, E> {
        for attempt in 0..ATTEMPTS {
            let Some(todo) = self.find(target).await? else {
                return Ok(UpdateOutcome::NotFound);
            };
            if !is_expected(todo.version) {
                return Ok(UpdateOutcome::Stale(todo.version));
            }
            let Some(change) = rule(todo.clone())? else {
                return Ok(UpdateOutcome::Updated(Box::new(todo)));
            };
            // An erasure could miss a row that is moved while it runs.
            if change.moves_item() && self.store.is_deleted(target.owner).await.map_err(AppError::from)? {
                return Ok(UpdateOutcome::NotFound);
            }
            match self.store.save_todo(change, correlation).await.map_err(AppError::from)? {
                SaveOutcome::Saved(todo) => return Ok(UpdateOutcome::Updated(todo)),
                SaveOutcome::Outdated => contention::pause(attempt).await,
            }
        }
        Err(AppError::Contended.into())
    }

    async fn find(&self, Target { owner, id, scope }: Target) -> Result<Option<Todo>, AppError> {
        Ok(match scope {
            Scope::Current => self.store.get_todo(owner, id).await?,
            Scope::All => self.store.find_todo(owner, id).await?,
        })
    }
}
