//! Participants: the services that hold personal data, and erase and export it on request.

use std::collections::BTreeSet;

/// This service, which is a participant like any other.
const OWN_SERVICE: &str = env!("CARGO_PKG_NAME");

pub(crate) type Services = BTreeSet<String>;

/// The participants that are registered now, by what they take part in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RegisteredParticipants {
    pub(crate) erasure: Services,
    pub(crate) export: Services,
}

/// The registry cannot be right, so that nothing may be decided by it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the registry of participants does not contain this service; deploy its stack, which registers it")]
pub(crate) struct IncompleteRegistry;

impl RegisteredParticipants {
    /// Makes the registry from entries of a service's name and its tasks, such as `("orders", "erasure,export")`.
    pub(crate) fn from_entries<'a>(
        entries: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, IncompleteRegistry> {
        let mut registered = Self::default();
        for (service, tasks) in entries {
            let has = |task| tasks.split(',').any(|name| name.trim() == task);
            if has("erasure") {
                registered.erasure.insert(service.to_owned());
            }
            if has("export") {
                registered.export.insert(service.to_owned());
            }
        }
        // Without this rule, an empty answer would complete deletions that no service has carried out.
        let is_complete = registered.erasure.contains(OWN_SERVICE) && registered.export.contains(OWN_SERVICE);
        if is_complete { Ok(registered) } else { Err(IncompleteRegistry) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services<const N: usize>(names: [&str; N]) -> Services {
        names.map(str::to_owned).into()
    }

    #[test]
    fn a_participant_registers_for_erasure_and_for_export() {
        let entries = [(OWN_SERVICE, "erasure,export"), ("orders", "erasure"), ("reports", "export"), ("other", "")];
        let registered = RegisteredParticipants::from_entries(entries).unwrap();
        assert_eq!(registered.erasure, services([OWN_SERVICE, "orders"]));
        assert_eq!(registered.export, services([OWN_SERVICE, "reports"]));
    }

    #[test]
    fn a_registry_without_this_service_is_refused() {
        assert_eq!(RegisteredParticipants::from_entries([]), Err(IncompleteRegistry));
        assert_eq!(RegisteredParticipants::from_entries([("orders", "erasure,export")]), Err(IncompleteRegistry));
        assert_eq!(RegisteredParticipants::from_entries([(OWN_SERVICE, "erasure")]), Err(IncompleteRegistry));
    }
}
