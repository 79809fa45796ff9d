//! What a developer writes by hand into a generated service, to add an event and a route.

/// A file, a text in it, and what that becomes. `__service__` is the service, of which an item is a `Tag`.
pub(super) type Edit = (&'static str, &'static str, &'static str);

/// The event that the service gets.
pub(super) const PUBLISHED: &str = "TagNamed";
/// The job that reads it.
pub(super) const JOB: &str = "count-named";

/// A field of the event, and its publication with each new item.
pub(super) const EVENT: [Edit; 8] = [
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
        "event::outbox_row(item, correlation)?.put(&self.table)?",
        "event::outbox_row(item, correlation)?.put(&self.table)?, event::named_row(item, correlation)?.put(&self.table)?",
    ),
    (
        "services/__service__/README.md",
        "Out, from the outbox by the job `publish`: `TagCreated.v1`",
        "Out, from the outbox by the job `publish`: `TagNamed.v1` and `TagCreated.v1`",
    ),
    (
        "services/__service__/tests/it/e2e.rs",
        "    assert_eq!(events[0][\"detail\"][\"data\"], data);\n",
        "    assert_eq!(events[0][\"detail\"][\"data\"], data);
    let events = listener.until(1, \"TagNamed.v1\").await;
    assert_eq!(events[1][\"detail\"][\"data\"], data);
",
    ),
    (
        "services/__service__/tests/it/e2e.rs",
        "a_new_item_is_announced_on_the_bus_and_counted_once",
        "a_new_item_and_its_name_are_announced_on_the_bus_and_counted_once",
    ),
];

/// A route that answers with the first character of an item's name.
pub(super) const ROUTE: [Edit; 14] = [
    (
        "services/__service__/openapi.yaml",
        "\ncomponents:\n",
        "
  /__service__/{id}/initial:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string, format: uuid}}
      - $ref: \"#/components/parameters/CorrelationId\"
    get:
      operationId: get-initial
      summary: Reads the first character of an item's name
      responses:
        \"200\":
          description: The character
          headers: {x-correlation-id: {$ref: \"#/components/headers/CorrelationId\"}}
          content:
            application/json:
              schema:
                type: object
                additionalProperties: false
                required: [initial]
                properties: {initial: {type: string, minLength: 1, maxLength: 1}}
        \"400\": {$ref: \"#/components/responses/Problem\"}
        \"401\": {$ref: \"#/components/responses/Unauthorized\"}
        \"404\": {$ref: \"#/components/responses/Problem\"}
        \"500\": {$ref: \"#/components/responses/Problem\"}

components:
",
    ),
    (
        "services/__service__/src/domain.rs",
        "impl Name {\n",
        "impl Name {
    /// The first of its visible characters.
    pub(crate) fn initial(&self) -> String {
        self.0.chars().take(1).collect()
    }

",
    ),
    (
        "services/__service__/src/domain.rs",
        "    #[test]\n",
        "    #[test]
    fn the_initial_of_a_name_is_its_first_character() {
        assert_eq!(Name::parse(\" Über \").unwrap().initial(), \"Ü\");
    }

    #[test]
",
    ),
    (
        "services/__service__/src/store.rs",
        "    /// The items of one page,",
        "    /// The name of the owner's item with this id.
    pub(crate) async fn name(&self, owner: Uuid, id: Uuid) -> Result<Option<Name>, TableError> {
        Ok(self.get(owner, id).await?.map(|item| item.name))
    }

    /// The items of one page,",
    ),
    (
        "services/__service__/src/store.rs",
        "use crate::domain::{PageRequest, Tag};",
        "use crate::domain::{Name, PageRequest, Tag};",
    ),
    (
        "services/__service__/src/app.rs",
        "    pub(crate) async fn list(",
        "    pub(crate) async fn initial(&self, owner: Uuid, id: Uuid) -> Result<Option<String>, TableError> {
        Ok(self.store.name(owner, id).await?.map(|name| name.initial()))
    }

    pub(crate) async fn list(",
    ),
    (
        "services/__service__/src/api/body.rs",
        "/// The response of `GET /__service__`.\n",
        "/// The response of `GET /__service__/{id}/initial`.
#[derive(Debug, Serialize)]
pub(crate) struct InitialBody {
    pub(crate) initial: String,
}

/// The response of `GET /__service__`.
",
    ),
    (
        "services/__service__/src/api.rs",
        "use self::body::{ItemBody, NewItemBody, PageBody};",
        "use self::body::{InitialBody, ItemBody, NewItemBody, PageBody};",
    ),
    (
        "services/__service__/src/api.rs",
        "/// `GET /__service__/{id}`: one of",
        "/// `GET /__service__/{id}/initial`: the first character of the name of one of the caller's items.
///
/// 200 with the character; 404 when the caller has no item with this id.
pub(crate) async fn get_initial(app: &App, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let initial = app.initial(owner, request.path_id(\"id\")?).await?.ok_or_else(ApiError::no_such_item)?;
    Ok(ok(&InitialBody { initial })?)
}

/// `GET /__service__/{id}`: one of",
    ),
    (
        "services/__service__/src/main.rs",
        "        \"get\" => serve(app().await?, api::get).await,\n",
        "        \"get\" => serve(app().await?, api::get).await,
        \"get-initial\" => serve(app().await?, api::get_initial).await,
",
    ),
    (
        "services/__service__/template.yaml",
        "  Erase:\n",
        "  GetInitial:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub busline-${Env}-__service__-get-initial
      Handler: get-initial
      Policies:
        - Statement:
            - {Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt Table.Arn}
      Events:
        Route: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: \"/__service__/{id}/initial\"}}

  Erase:
",
    ),
    (
        "services/__service__/tests/it/permissions.rs",
        "            \"publish\" =>",
        "            \"get-initial\" => expect_status(api.get(&format!(\"{}/initial\", self.item(\"x\").await)), 200).await,
            \"publish\" =>",
    ),
    (
        "services/__service__/README.md",
        "| `GET /__service__/{id}` | `get` |",
        "| `GET /__service__/{id}/initial` | `get-initial` | the first character of the name |
| `GET /__service__/{id}` | `get` |",
    ),
    (
        "services/__service__/tests/it/e2e.rs",
        "    let list = api(&ann).get(ITEMS).expect(200).await;\n",
        "    let initial = api(&ann).get(&format!(\"{ITEMS}/{id}/initial\")).expect(200).await;
    assert_eq!(initial, json!({\"initial\": \"H\"}));
    let list = api(&ann).get(ITEMS).expect(200).await;
",
    ),
];
