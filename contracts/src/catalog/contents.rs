//! What the catalogue is written from: the schema files of publishers and readers, and the life of each version.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use serde_json::Value;

use crate::schemas;
use crate::versions::{self, Version, Versions};

/// All that is published and all that is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// The event versions by publisher, name and version.
    pub published: Vec<Published>,
    /// What jobs read, by service, job and event.
    pub read: Vec<Read>,
}

/// One event version.
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
    /// The service whose job it is.
    pub service: String,
    /// The job.
    pub job: String,
    /// The event's schema, which the reader schema names: `<service>/<Event>/v<N>`.
    pub schema: String,
    /// The schema of what the job demands of the event's `detail`.
    pub document: Value,
}

impl Published {
    /// `<service>/<Event>/v<N>`.
    #[must_use]
    pub fn schema(&self) -> String {
        format!("{}/{}/v{}", self.service, self.event, self.version)
    }

    /// `<Event>.v<N>`.
    #[must_use]
    pub fn detail_type(&self) -> String {
        format!("{}.v{}", self.event, self.version)
    }
}

impl Read {
    /// Service and job.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{}/{}", self.service, self.job)
    }
}

impl Contents {
    /// Makes sense of the files of a repository, texts by path; files of other purposes are passed over.
    ///
    /// # Errors
    /// When a schema file or the table of versions is not what it should be.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ContentsError> {
        let mut contents = Self::default();
        let mut versions = Versions::default();
        for (path, text) in files {
            let broken = |source| ContentsError { path: path.to_owned(), source };
            let parts: Vec<&str> = path.split('/').collect();
            match parts[..] {
                _ if path == versions::FILE => versions = Versions::parse(text).map_err(broken)?,
                ["events", "schemas", service, event, file] => {
                    let Some(version) = version_of(file) else { continue };
                    let (service, event) = (service.to_owned(), event.to_owned());
                    let document = serde_json::from_str(text).map_err(broken)?;
                    contents.published.push(Published { service, event, version, document, life: Version::default() });
                }
                ["services", service, "reads", job, _] => {
                    let document: Value = serde_json::from_str(text).map_err(broken)?;
                    let schema = &document["properties"]["metadata"]["properties"]["schema"]["const"];
                    let schema = schema.as_str().unwrap_or_default().to_owned();
                    contents.read.push(Read { service: service.to_owned(), job: job.to_owned(), schema, document });
                }
                _ => {}
            }
        }
        contents.settle(&versions);
        Ok(contents)
    }

    /// Reads the files below a repository's root.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn texts(repository: &Path) -> io::Result<BTreeMap<String, String>> {
        let mut texts = BTreeMap::new();
        let services = fs::read_dir(repository.join("services"))?.map(|entry| Ok(entry?.path().join("reads")));
        let folders = services.chain([Ok(repository.join(schemas::FOLDER))]).collect::<io::Result<Vec<_>>>()?;
        for folder in folders {
            for file in schemas::files(&folder)? {
                let path = file.strip_prefix(repository).unwrap_or(&file).to_string_lossy().into_owned();
                texts.insert(path, fs::read_to_string(file)?);
            }
        }
        Ok(texts)
    }

    /// Who reads an event version.
    pub fn readers_of<'a>(&'a self, event: &Published) -> impl Iterator<Item = &'a Read> + use<'a> {
        let schema = event.schema();
        self.read.iter().filter(move |read| read.schema == schema)
    }

    fn settle(&mut self, versions: &Versions) {
        for event in &mut self.published {
            event.life = versions.0.get(&event.schema()).cloned().unwrap_or_default();
        }
        self.published.sort_by(|a, b| (&a.service, &a.event, a.version).cmp(&(&b.service, &b.event, b.version)));
        self.read.sort_by(|a, b| (&a.service, &a.job, &a.schema).cmp(&(&b.service, &b.job, &b.schema)));
    }
}

fn version_of(file: &str) -> Option<u32> {
    file.strip_prefix('v')?.strip_suffix(".json")?.parse().ok()
}

/// A file does not hold what its place promises.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be read as what its place promises")]
pub struct ContentsError {
    path: String,
    source: serde_json::Error,
}
