//! The routes, one function each.

pub(crate) mod body;
pub(crate) mod error;
mod list;

use lambda_kit::api::{Request, Response, created, no_content, ok, ok_version};
use lambda_kit::clock;
use lambda_kit::problem::Problem;

use crate::api::body::{NewTodoBody, TodoBody, TodoPatch};
use crate::api::error::ApiError;
use crate::api::list::TodoPage;
use crate::domain::{Change, Todo};
use crate::store::{Created, IdempotencyKey, Position, Saved, Store};

/// A change is tried again this often when others change the item at the same time.
const ATTEMPTS: usize = 4;

/// `POST /todos`: creates an item that belongs to the caller.
///
/// 201 with the item; the same `Idempotency-Key` and body again give the same answer and no second item. 400 for a
/// body that breaks a rule; 401 when the caller has deleted their account; 409 when the key was used for another body.
pub(crate) async fn create(store: &Store, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let body: NewTodoBody = request.body()?;
    let key = request.header("idempotency-key")?.map(|key| IdempotencyKey::parse(key, &body)).transpose()?;
    if store.is_deleted(owner).await? {
        return Err(ApiError::account_deleted());
    }
    let change = Todo::create(owner, body.parse()?, clock::new_id(), clock::now());
    let item = match store.create(change, key.as_ref(), request.cause()).await? {
        Created::Now(todo) => TodoBody::from(todo),
        Created::Before(answer) => serde_json::from_str(&answer)?,
        Created::KeyReused => return Err(ApiError::key_reused()),
    };
    Ok(created(&item, item.version, &format!("/todos/{}", item.id))?)
}

/// `GET /todos`: a page of the caller's items.
///
/// 200 with items and the cursor of the next page; 400 for a query that breaks a rule.
pub(crate) async fn list(store: &Store, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let asked = list::parse(request.query(&list::PARAMETERS)?, owner)?;
    let page = store.list(&asked).await?;
    let last = page.todos.last().filter(|_| page.more);
    let next_cursor =
        last.map(|todo| list::cursor(&asked.listing, &Position::of(asked.listing.order, todo))).transpose()?;
    Ok(ok(&TodoPage { items: page.todos.into_iter().map(TodoBody::from).collect(), next_cursor })?)
}

/// `GET /todos/{id}`: one of the caller's items.
///
/// 200 with the item; 404 when the caller has none with this id.
pub(crate) async fn get(store: &Store, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let todo = store.get(owner, request.id("id")?).await?.ok_or_else(ApiError::no_such_todo)?;
    answer(todo)
}

/// `PATCH /todos/{id}`: changes fields of the item (JSON merge patch).
///
/// 200 with the item; 400 for a patch that breaks a rule; 404; 412 when `If-Match` names another version.
pub(crate) async fn change(store: &Store, request: Request) -> Result<Response, ApiError> {
    request.caller()?;
    let patch: TodoPatch = request.body()?;
    update(store, &request, |todo| {
        let details = patch.apply(todo.details.clone())?;
        Ok(todo.edit(details, clock::now()))
    })
    .await
}

/// `POST /todos/{id}/complete`: completes the item; again is harmless.
///
/// 200 with the item; 404; 412 when `If-Match` names another version.
pub(crate) async fn complete(store: &Store, request: Request) -> Result<Response, ApiError> {
    update(store, &request, |todo| Ok(todo.complete(clock::now()))).await
}

/// `POST /todos/{id}/reopen`: takes the item up again; again is harmless.
///
/// 200 with the item; 404; 412 when `If-Match` names another version.
pub(crate) async fn reopen(store: &Store, request: Request) -> Result<Response, ApiError> {
    update(store, &request, |todo| Ok(todo.reopen(clock::now()))).await
}

/// `DELETE /todos/{id}`: deletes the item.
///
/// 204; 404 when there is none, so also the second time; 412 when `If-Match` names another version.
pub(crate) async fn delete(store: &Store, request: Request) -> Result<Response, ApiError> {
    apply(store, &request, |todo| Ok(Some(todo.delete(clock::now())))).await?;
    Ok(no_content())
}

async fn update(
    store: &Store,
    request: &Request,
    rule: impl Fn(Todo) -> Result<Option<Change>, ApiError>,
) -> Result<Response, ApiError> {
    answer(apply(store, request, rule).await?)
}

/// Reads the caller's item, applies `rule` to it and saves what comes out, unless nothing changed.
async fn apply(
    store: &Store,
    request: &Request,
    rule: impl Fn(Todo) -> Result<Option<Change>, ApiError>,
) -> Result<Todo, ApiError> {
    let owner = request.caller()?.subject;
    let id = request.id("id")?;
    let expected = request.expected()?;
    for _ in 0..ATTEMPTS {
        let todo = store.get(owner, id).await?.ok_or_else(ApiError::no_such_todo)?;
        if !expected.allows(todo.version) {
            return Err(ApiError::stale(todo.version));
        }
        let Some(change) = rule(todo.clone())? else {
            return Ok(todo);
        };
        match store.save(change, request.cause()).await? {
            Saved::Now(todo) => return Ok(todo),
            Saved::Outdated => {}
        }
    }
    Err(Problem::contended().into())
}

fn answer(todo: Todo) -> Result<Response, ApiError> {
    let version = todo.version;
    Ok(ok_version(&TodoBody::from(todo), version)?)
}
