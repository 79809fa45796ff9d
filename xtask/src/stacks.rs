//! The one table of stacks, in the order in which they are deployed.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

/// A CloudFormation stack of ours. The order is that of their dependencies.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, ValueEnum)]
pub(crate) enum Stack {
    /// The bucket that holds the services' code.
    Artifacts,
    /// The event bus and its archive.
    Bus,
    /// Sign-up, profile, account.
    Users,
    /// To-do items.
    Todos,
    /// E-mail and the in-app inbox.
    Notifications,
    /// The page's bucket and distribution.
    Web,
}

/// What a service stack has beside its template.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// The crate, the binary and the folder under `services/`.
    pub(crate) name: &'static str,
    /// A route that needs a token: without one it must answer 401.
    pub(crate) guarded_path: &'static str,
}

impl Stack {
    /// Every stack, in deployment order.
    pub(crate) const ALL: [Self; 6] =
        [Self::Artifacts, Self::Bus, Self::Users, Self::Todos, Self::Notifications, Self::Web];

    /// The name in commands, stack names and parameter paths.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Artifacts => "artifacts",
            Self::Bus => "bus",
            Self::Users => "users",
            Self::Todos => "todos",
            Self::Notifications => "notifications",
            Self::Web => "web",
        }
    }

    /// The service, for the stacks that are one.
    pub(crate) fn service(self) -> Option<Service> {
        let guarded_path = match self {
            Self::Artifacts | Self::Bus | Self::Web => return None,
            Self::Users => "/me",
            Self::Todos => "/todos",
            Self::Notifications => "/notifications",
        };
        Some(Service { name: self.name(), guarded_path })
    }

    /// The services' stacks.
    pub(crate) fn services() -> impl Iterator<Item = (Self, Service)> {
        Self::ALL.into_iter().filter_map(|stack| Some((stack, stack.service()?)))
    }

    /// Its name in CloudFormation.
    pub(crate) fn stack_name(self, env: &str) -> String {
        format!("busline-{env}-{self}")
    }

    /// The path of one of its SSM parameters.
    pub(crate) fn parameter(self, env: &str, name: &str) -> String {
        format!("/busline/{env}/{self}/{name}")
    }

    /// Its template.
    pub(crate) fn template(self, repo: &Path) -> PathBuf {
        match self.service() {
            Some(service) => repo.join("services").join(service.name).join("template.yaml"),
            None => repo.join("infra").join(format!("{self}.yaml")),
        }
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
