//! What the catalogue is written from: each published version with its dates, and who reads it.

use serde_json::Value;

use crate::repository::Repository;
use crate::versions::Version;

/// Everything that is published and read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// The event versions by publisher, name and version.
    pub published: Vec<Published>,
    /// What jobs read, by service, job and event.
    pub read: Vec<Read>,
}

/// An event version, as its publisher's schema describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The service that publishes it.
    pub service: String,
    /// Its name, such as `TodoCreated`.
    pub event: String,
    /// Its version, from 1.
    pub version: u32,
    /// The schema of its `detail`.
    pub document: Value,
    /// When it was released and retired.
    pub life: Version,
}

/// What one job reads of one event version.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The service that the job belongs to.
    pub service: String,
    /// The job that reads the event: the `Handler` of its function.
    pub job: String,
    /// The schema's name of the event: `<service>/<Event>/v<N>`. A job that reads the event of several publishers has
    /// one entry for each.
    pub schema: String,
    /// The schema of what the job demands of the event's `detail`.
    pub document: Value,
}

impl Published {
    /// The name of the schema: `<service>/<Event>/v<N>`.
    #[must_use]
    pub fn schema(&self) -> String {
        format!("{}/{}/v{}", self.service, self.event, self.version)
    }

    /// The bus's `detail-type` of the event: `<Event>.v<N>`.
    #[must_use]
    pub fn detail_type(&self) -> String {
        format!("{}.v{}", self.event, self.version)
    }
}

impl Read {
    /// The reader's name in the catalogue: `<service>/<job>`.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{}/{}", self.service, self.job)
    }
}

impl Contents {
    /// Collects what a repository publishes and reads.
    ///
    /// # Errors
    /// When a file that the catalogue is written from cannot be read.
    pub fn from_repository(repository: &Repository) -> Result<Self, ContentsError> {
        if let Some(file) = repository.unreadable.first() {
            return Err(ContentsError { path: file.file.clone(), reason: file.reason.clone() });
        }
        let published = repository.schemas.iter().map(|(name, document)| Published {
            service: name.service.clone(),
            event: name.event.clone(),
            version: name.version,
            document: document.clone(),
            life: repository.releases.get(name).cloned().unwrap_or_default(),
        });
        let read = repository.readers.iter().flat_map(|reader| {
            repository.events_of(reader).into_iter().map(|name| Read {
                service: reader.service.clone(),
                job: reader.job.clone(),
                schema: name.to_string(),
                document: reader.schema.clone(),
            })
        });
        let mut contents = Self { published: published.collect(), read: read.collect() };
        contents.read.sort_by(|a, b| (&a.service, &a.job, &a.schema).cmp(&(&b.service, &b.job, &b.schema)));
        Ok(contents)
    }

    /// The readers of an event version.
    pub fn readers_of<'a>(&'a self, event: &Published) -> impl Iterator<Item = &'a Read> + use<'a> {
        let schema = event.schema();
        self.read.iter().filter(move |read| read.schema == schema)
    }

    /// How many services publish events of this name and version.
    pub(super) fn publishers_of(&self, event: &Published) -> usize {
        self.published.iter().filter(|other| other.detail_type() == event.detail_type()).count()
    }
}

/// A file that the catalogue is written from cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct ContentsError {
    path: String,
    reason: String,
}
