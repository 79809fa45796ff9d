//! What a developer writes by hand into a generated service, to add an event and a route: file, text, and what it becomes.

/// A change of a file. `__service__` is the service, of which an item is a `Tag`.
pub(super) type Manual = (&'static str, &'static str, &'static str);

/// The event that the service gets.
pub(super) const PUBLISHED: &str = "TagNamed";
/// The job that reads it.
pub(super) const JOB: &str = "count-named";

/// A field of the event, and its publication with each new item.
pub(super) const EVENT: [Manual; 8] = [
    (
        "events/src/publishers/__service__.rs",
        "pub struct TagNamedV1 {\n",
        "pub struct TagNamedV1 {
    /// The item's name, in one line of 1 to 100 characters.
    #[schemars(with = \"Text<1, 100>\")]
    pub name: String,
",
    ),
    (
        "events/examples/__service__/TagNamed/v1.json",
        "    \"data\": {\n",
        "    \"data\": {\n      \"name\": \"Home\",\n",
    ),
    (
        "services/__service__/src/store/event.rs",
        "use events::__service__::TagCreatedV1;",
        "use events::__service__::{TagCreatedV1, TagNamedV1};",
    ),
    (
        "services/__service__/src/store/event.rs",
        "\n/// The outbox row of a new item.",
        "
/// The outbox row of an item's first name.
pub(super) fn named_row(item: &Tag, correlation: &CorrelationContext) -> Result<OutboxRow, OutboxError> {
    let new = NewEvent { id: clock::new_id(), occurred_at: item.created_at, subject: item.id.to_string(), sequence: 2 };
    let metadata = correlation.metadata::<TagNamedV1>(env!(\"CARGO_PKG_VERSION\"), new);
    let name = item.name.as_str().to_owned();
    OutboxRow::new(&Event { metadata, data: TagNamedV1 { tag_id: item.id, owner_id: item.owner, name } })
}

/// The outbox row of a new item.",
    ),
    (
        "services/__service__/src/store.rs",
        "            event::outbox_row(item, correlation)?.put(&self.table)?,\n",
        "            event::outbox_row(item, correlation)?.put(&self.table)?,
            event::named_row(item, correlation)?.put(&self.table)?,
",
    ),
    (
        "services/__service__/README.md",
        "Out, from the outbox by the job `publish`: `TagCreated.v1`",
        "Out, from the outbox by the job `publish`: `TagNamed.v1` and `TagCreated.v1`",
    ),
    (
        "services/__service__/tests/it/e2e.rs",
        "    let events = listener.until(1, \"TagCreated.v1\").await;\n",
        "    let named = listener.until(1, \"TagNamed.v1\").await.len();
    let events = listener.until(1, \"TagCreated.v1\").await;
    assert!(named > 0);
",
    ),
    (
        "services/__service__/tests/it/e2e.rs",
        "a_new_item_is_announced_on_the_bus_and_counted_once",
        "a_new_item_and_its_name_are_announced_on_the_bus_and_counted_once",
    ),
];

/// A route that reads the name of an item.
pub(super) const ROUTE: [Manual; 9] = [
    (
        "services/__service__/openapi.yaml",
        "\ncomponents:\n",
        "
  /__service__/{id}/name:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string, format: uuid}}
      - $ref: \"#/components/parameters/CorrelationId\"
    get:
      operationId: get-name
      summary: Reads the name of an item
      responses:
        \"200\":
          description: The name
          headers: {x-correlation-id: {$ref: \"#/components/headers/CorrelationId\"}}
          content:
            application/json:
              schema:
                type: object
                additionalProperties: false
                required: [name]
                properties: {name: {type: string, minLength: 1, maxLength: 100}}
        \"400\": {$ref: \"#/components/responses/Problem\"}
        \"401\": {$ref: \"#/components/responses/Unauthorized\"}
        \"404\": {$ref: \"#/components/responses/Problem\"}
        \"500\": {$ref: \"#/components/responses/Problem\"}

components:
",
    ),
    (
        "services/__service__/src/api/body.rs",
        "/// The response of `GET /__service__`.\n",
        "/// The response of `GET /__service__/{id}/name`.
#[derive(Debug, Serialize)]
pub(crate) struct NameBody {
    pub(crate) name: String,
}

/// The response of `GET /__service__`.
",
    ),
    (
        "services/__service__/src/api.rs",
        "use self::body::{ItemBody, NewItemBody, PageBody};",
        "use self::body::{ItemBody, NameBody, NewItemBody, PageBody};",
    ),
    (
        "services/__service__/src/api.rs",
        "/// `GET /__service__/{id}`: one of",
        "/// `GET /__service__/{id}/name`: the name of one of the caller's items.
///
/// 200 with the name; 404 when the caller has no item with this id.
pub(crate) async fn get_name(app: &App, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let item = app.get(owner, request.path_id(\"id\")?).await?.ok_or_else(ApiError::no_such_item)?;
    Ok(ok(&NameBody { name: item.name.as_str().to_owned() })?)
}

/// `GET /__service__/{id}`: one of",
    ),
    (
        "services/__service__/src/main.rs",
        "        \"get\" => serve(app().await?, api::get).await,\n",
        "        \"get\" => serve(app().await?, api::get).await,
        \"get-name\" => serve(app().await?, api::get_name).await,
",
    ),
    (
        "services/__service__/template.yaml",
        "  Erase:\n",
        "  GetName:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub busline-${Env}-__service__-get-name
      Handler: get-name
      Policies:
        - Statement:
            - {Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt Table.Arn}
      Events:
        Route: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: \"/__service__/{id}/name\"}}

  Erase:
",
    ),
    (
        "services/__service__/tests/it/permissions.rs",
        "            \"publish\" =>",
        "            \"get-name\" => expect_status(api.get(&format!(\"{}/name\", self.item(\"x\").await)), 200).await,
            \"publish\" =>",
    ),
    (
        "services/__service__/README.md",
        "| `GET /__service__/{id}` | `get` |",
        "| `GET /__service__/{id}/name` | `get-name` | the name of the item |
| `GET /__service__/{id}` | `get` |",
    ),
    (
        "services/__service__/tests/it/e2e.rs",
        "    let list = api(&ann).get(ITEMS).expect(200).await;\n",
        "    assert_eq!(api(&ann).get(&format!(\"{ITEMS}/{id}/name\")).expect(200).await, json!({\"name\": \"Home\"}));
    let list = api(&ann).get(ITEMS).expect(200).await;
",
    ),
];
