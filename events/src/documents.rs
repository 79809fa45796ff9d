//! The JSON Schemas of events, generated from the types: what a publisher writes, and what a job reads of it.
//!
//! Both describe the whole `detail`. The publisher's is closed: nothing may be there that it does not name. A reader's
//! is open and holds the fields that the job uses, with the types that reading them demands.

use std::future::Future;
use std::marker::PhantomData;

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::envelope::{self, BusEvent, Event, Payload, ReadError};
use crate::participants::{self, ParticipantPayload};

/// Where the schemas have their names. Nothing is served there.
const BASE: &str = "https://busline.example/schemas";

/// Stands for the publisher in the schema's name of a [`Reading`] when several services publish its event.
pub const ANY_PUBLISHER: &str = "*";

/// The schema of what the publisher of `P` writes, with an example of it.
#[must_use]
pub fn written<P: Payload + JsonSchema>(example: &Value) -> Value {
    publisher_schema::<P>(&envelope::schema::<P>(), &format!("{} v{}", P::NAME, P::VERSION), example)
}

/// The schema of what `service` writes as the event `P`, with an example of it.
#[must_use]
pub fn written_by_participant<P: ParticipantPayload + JsonSchema>(service: &str, example: &Value) -> Value {
    publisher_schema::<P>(&participants::schema::<P>(service), &format!("{} v{}", P::NAME, P::VERSION), example)
}

fn publisher_schema<P: Serialize + JsonSchema>(schema: &str, title: &str, example: &Value) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .for_serialize()
        .with_transform(never_null)
        .with_transform(RecursiveTransform(closed))
        .with_transform(plain_enums)
        .with_transform(one_line);
    let payload = settings.clone().into_generator().into_root_schema_for::<P>();
    let mut document = settings.into_generator().into_root_schema_for::<Event<P>>().to_value();
    document["$id"] = json!(format!("{BASE}/{schema}.json"));
    document["title"] = json!(title);
    document["description"] = payload.get("description").cloned().unwrap_or_default();
    document["examples"] = json!([example]);
    document["properties"]["metadata"]["properties"]["schema"]["const"] = json!(schema);
    document
}

/// What one job reads of one event.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The function's `Handler`, which names its job.
    pub job: &'static str,
    /// The schema's name of the event: `<service>/<Event>/v<N>`. [`ANY_PUBLISHER`] stands for the service if several
    /// publish it.
    pub schema: String,
    /// The bus's `detail-type` of the event: `<Event>.v<N>`.
    pub detail_type: String,
    /// The schema of what the job demands of the event's `detail`.
    pub document: Value,
    read: fn(BusEvent) -> Result<(), ReadError>,
}

impl Reading {
    /// Reads a message as the job does.
    ///
    /// # Errors
    /// When the message is another event, or its `detail` lacks what the job demands.
    pub fn read(&self, message: BusEvent) -> Result<(), ReadError> {
        (self.read)(message)
    }
}

/// Whoever reads the event `P`, such as `on::<TodoCreatedV1>().read_by("notifications", "todo-created", job)`.
#[must_use]
pub fn on<P: Payload>() -> Readers<P> {
    Readers(PhantomData)
}

/// Those who read one event.
#[derive(Clone, Copy, Debug)]
pub struct Readers<P>(PhantomData<P>);

impl<P: Payload> Readers<P> {
    /// What a job of `service` reads. The type is the one that the job's own function takes, so that it cannot drift.
    #[must_use]
    pub fn read_by<D, S, F, Fut>(self, service: &str, job: &'static str, _function: F) -> Reading
    where
        D: JsonSchema + DeserializeOwned,
        S: 'static,
        F: Fn(&'static S, Event<D>) -> Fut,
        Fut: Future,
    {
        Self::reading::<D>(service, job)
    }

    /// What a job of `service` reads that converts the data of each of its events to a common type. The type is the one
    /// that the job's own conversion takes, so that it cannot drift.
    #[must_use]
    pub fn converted_by<D, T>(self, service: &str, job: &'static str, _convert: fn(D) -> T) -> Reading
    where
        D: JsonSchema + DeserializeOwned,
    {
        Self::reading::<D>(service, job)
    }

    fn reading<D: JsonSchema + DeserializeOwned>(service: &str, job: &'static str) -> Reading {
        let (schema, detail_type) = (envelope::schema::<P>(), envelope::detail_type::<P>());
        let title = format!("{} v{}, as {service}/{job} reads it", P::NAME, P::VERSION);
        let mut document = reader_schema::<D>(&format!("{service}/{job}/{detail_type}"), &title);
        document["properties"]["metadata"]["properties"]["schema"]["const"] = json!(schema);
        let read = |message| envelope::read::<P, D>(message).map(drop);
        Reading { job, schema, detail_type, document, read }
    }
}

/// The readers of an event that several services publish, such as
/// `on_participants::<UserDataErasedV1>().read_by("users", "participant-erased", job)`.
#[must_use]
pub fn on_participants<P: ParticipantPayload>() -> ParticipantReaders<P> {
    ParticipantReaders(PhantomData)
}

/// The readers of one event that several services publish.
#[derive(Clone, Copy, Debug)]
pub struct ParticipantReaders<P>(PhantomData<P>);

impl<P: ParticipantPayload> ParticipantReaders<P> {
    /// What a job of `service` reads of the event of any publisher, like [`Readers::read_by`].
    #[must_use]
    pub fn read_by<D, S, F, Fut>(self, service: &str, job: &'static str, _function: F) -> Reading
    where
        D: JsonSchema + DeserializeOwned,
        S: 'static,
        F: Fn(&'static S, Event<D>) -> Fut,
        Fut: Future,
    {
        let detail_type = participants::detail_type::<P>();
        let title = format!("{} v{}, as {service}/{job} reads it", P::NAME, P::VERSION);
        let mut document = reader_schema::<D>(&format!("{service}/{job}/{detail_type}"), &title);
        document["properties"]["metadata"]["properties"]["schema"]["pattern"] =
            json!(format!("^[a-z0-9-]+/{}/v{}$", P::NAME, P::VERSION));
        let read = |message| participants::read::<P, D>(message).map(drop);
        Reading { job, schema: participants::schema::<P>(ANY_PUBLISHER), detail_type, document, read }
    }
}

fn reader_schema<D: JsonSchema>(name: &str, title: &str) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .for_deserialize()
        .with_transform(plain_enums)
        .with_transform(undescribed);
    let mut document = settings.into_generator().into_root_schema_for::<Event<D>>().to_value();
    document["$id"] = json!(format!("{BASE}/reads/{name}.json"));
    document["title"] = json!(title);
    document["description"] = json!("What is not named here is ignored.");
    document
}

/// A publisher leaves an optional field out, and never writes `null` for it.
fn never_null(schema: &mut Schema) {
    transform_subschemas(&mut never_null, schema);
    let required: Vec<Value> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        if required.contains(&json!(name)) {
            continue;
        }
        if let Some([one, null]) = property["type"].as_array().map(Vec::as_slice)
            && null == "null"
        {
            property["type"] = one.clone();
        }
    }
}

fn closed(schema: &mut Schema) {
    if schema.get("properties").is_some() {
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
}

/// Schemars writes variants with descriptions as alternatives of one constant each; more programs understand an `enum`.
fn plain_enums(schema: &mut Schema) {
    transform_subschemas(&mut plain_enums, schema);
    let constant = |alternative: &Value| alternative.get("const").cloned();
    let alternatives = schema.get("oneOf").and_then(Value::as_array);
    let Some(values) = alternatives.and_then(|all| all.iter().map(constant).collect::<Option<Vec<_>>>()) else {
        return;
    };
    schema.remove("oneOf");
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), json!(values));
}

/// What the publisher promises of a field is no demand of its reader.
fn undescribed(schema: &mut Schema) {
    transform_subschemas(&mut undescribed, schema);
    schema.remove("description");
}

/// Comments are wrapped where the source code needs it, descriptions where their reader does.
fn one_line(schema: &mut Schema) {
    transform_subschemas(&mut one_line, schema);
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.replace('\n', " ");
    }
}
