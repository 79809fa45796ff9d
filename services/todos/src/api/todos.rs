//! The routes of to-do items.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda_kit::api::{Request, Response, created, no_content, ok, ok_with_etag};
use lambda_kit::clock;
use lambda_kit::problem::Problem;
use sha2::{Digest, Sha256};

use crate::api::error::ApiError;
use crate::api::list_query::{self, TodoPage};
use crate::api::todo_body::{NewTodoBody, TodoBody, TodoPatch};
use crate::app::todos::{NewTodos, Scope, Target, Todos, UpdateOutcome};
use crate::domain::idempotency::{IdempotencyKey, IdempotentRequest};
use crate::domain::todo::{CreateOutcome, Todo, TodoChange};
use crate::domain::todo_list::Position;

/// `POST /todos`: creates an item that belongs to the caller.
///
/// 201 with the item; the same `Idempotency-Key` and body again give the same response and no second item. 400 for a
/// body that breaks a rule; 409 when the key was used for another body, or the caller has as many items as a user may
/// have; 429 when whether they have is to be counted first.
pub(crate) async fn create(todos: &NewTodos, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let body: NewTodoBody = request.body()?;
    let key = request.header("idempotency-key")?.map(idempotency_key).transpose()?;
    let change = Todo::create(owner, body.parse()?, clock::new_id(), clock::now());
    let repeatable = key.map(|key| idempotent_request(key, &body, &change.todo)).transpose()?;
    let item = match todos.create(change, repeatable.as_ref(), request.correlation()).await? {
        CreateOutcome::Created(todo) => TodoBody::from(todo),
        CreateOutcome::Repeated(response) => serde_json::from_str(&response)?,
        CreateOutcome::KeyReused => return Err(ApiError::key_reused()),
        CreateOutcome::Refused(refusal) => return Err(ApiError::quota_refused(refusal)),
    };
    Ok(created(&item, item.version, &format!("/todos/{}", item.id))?)
}

/// `GET /todos`: a page of the caller's items; deleted ones only with `status=deleted`.
///
/// 200 with items and the cursor of the next page; 400 for a query that breaks a rule.
pub(crate) async fn list(todos: &Todos, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let query = list_query::parse(request.query(&list_query::PARAMETERS)?, owner)?;
    let page = todos.list(&query).await?;
    let last = page.todos.last().filter(|_| page.more);
    let next_cursor =
        last.map(|todo| list_query::cursor(&query.listing, &Position::new(query.listing.order, todo))).transpose()?;
    Ok(ok(&TodoPage { items: page.todos.into_iter().map(TodoBody::from).collect(), next_cursor })?)
}

/// `GET /todos/{id}`: one of the caller's items.
///
/// 200 with the item; 404 when the caller has none with this id.
pub(crate) async fn get(todos: &Todos, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let todo = todos.get(owner, request.path_id("id")?).await?.ok_or_else(ApiError::no_such_todo)?;
    respond(todo)
}

/// `PATCH /todos/{id}`: changes fields of the item (JSON merge patch).
///
/// 200 with the item; 400 for a patch that breaks a rule; 404; 412 when `If-Match` names another version.
pub(crate) async fn change(todos: &Todos, request: Request) -> Result<Response, ApiError> {
    request.caller()?;
    let patch: TodoPatch = request.body()?;
    update(todos, &request, Scope::Current, |todo| {
        let details = patch.apply(todo.details.clone())?;
        Ok(todo.edit(details, clock::now()))
    })
    .await
}

/// `POST /todos/{id}/complete`: completes the item. A repeat is harmless.
///
/// 200 with the item; 404; 412 when `If-Match` names another version.
pub(crate) async fn complete(todos: &Todos, request: Request) -> Result<Response, ApiError> {
    update(todos, &request, Scope::Current, |todo| Ok(todo.complete(clock::now()))).await
}

/// `POST /todos/{id}/reopen`: reopens the item. A repeat is harmless.
///
/// 200 with the item; 404; 412 when `If-Match` names another version.
pub(crate) async fn reopen(todos: &Todos, request: Request) -> Result<Response, ApiError> {
    update(todos, &request, Scope::Current, |todo| Ok(todo.reopen(clock::now()))).await
}

/// `DELETE /todos/{id}`: deletes the item. It can be restored for 30 days.
///
/// 204; 404 when there is none, as for a repeat; 412 when `If-Match` names another version.
pub(crate) async fn delete(todos: &Todos, request: Request) -> Result<Response, ApiError> {
    apply(todos, &request, Scope::Current, |todo| Ok(Some(todo.delete(clock::now())))).await?;
    Ok(no_content())
}

/// `POST /todos/{id}/restore`: restores a deleted item. A repeat is harmless.
///
/// 200 with the item; 404 when it was purged; 412 when `If-Match` names another version.
pub(crate) async fn restore(todos: &Todos, request: Request) -> Result<Response, ApiError> {
    update(todos, &request, Scope::All, |todo| Ok(todo.restore(clock::now()))).await
}

/// `POST /todos/{id}/purge`: deletes a deleted item for good, with its attachments.
///
/// 204; 404 when there is none, as for a repeat, and when it is not deleted; 412 when `If-Match` names another version.
pub(crate) async fn purge(todos: &Todos, request: Request) -> Result<Response, ApiError> {
    let rule = |todo: Todo| todo.purge(clock::now()).map(Some).ok_or_else(ApiError::no_such_deleted_todo);
    apply(todos, &request, Scope::All, rule).await?;
    Ok(no_content())
}

async fn update(
    todos: &Todos,
    request: &Request,
    scope: Scope,
    rule: impl Fn(Todo) -> Result<Option<TodoChange>, ApiError>,
) -> Result<Response, ApiError> {
    respond(apply(todos, request, scope, rule).await?)
}

/// Applies `rule` to the caller's item.
async fn apply(
    todos: &Todos,
    request: &Request,
    scope: Scope,
    rule: impl Fn(Todo) -> Result<Option<TodoChange>, ApiError>,
) -> Result<Todo, ApiError> {
    let target = Target { owner: request.caller()?.subject, id: request.path_id("id")?, scope };
    let expected = request.if_match()?;
    let is_expected = |version| expected.allows(version);
    match todos.update(target, is_expected, rule, request.correlation()).await? {
        UpdateOutcome::Updated(todo) => Ok(*todo),
        UpdateOutcome::NotFound => Err(ApiError::no_such_todo()),
        UpdateOutcome::Stale(version) => Err(ApiError::stale(version)),
    }
}

fn respond(todo: Todo) -> Result<Response, ApiError> {
    let version = todo.version;
    Ok(ok_with_etag(&TodoBody::from(todo), version)?)
}

fn idempotency_key(header: &str) -> Result<IdempotencyKey, Problem> {
    IdempotencyKey::parse(header).map_err(|rule| Problem::invalid(format!("Idempotency-Key {rule}.")))
}

/// The request with the response that a repeat gets. The hash ignores white space and the order of the body's fields.
fn idempotent_request(key: IdempotencyKey, body: &NewTodoBody, todo: &Todo) -> Result<IdempotentRequest, ApiError> {
    let body_hash = URL_SAFE_NO_PAD.encode(Sha256::digest(serde_json::to_vec(body)?));
    let response = serde_json::to_string(&TodoBody::from(todo.clone()))?;
    Ok(IdempotentRequest { key, body_hash, response })
}
