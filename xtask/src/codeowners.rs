//! `CODEOWNERS`, written from the services' manifests.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::home::Home;
use crate::services::{self, Service};
use crate::ui;

/// The file, from the root of the repository.
const FILE: &str = "CODEOWNERS";
/// Who owns what belongs to no service.
const PLATFORM_OWNER: &str = "@busline/platform";

/// `cargo xtask codeowners`: writes the file.
pub(crate) fn command(home: &Home) -> Result<()> {
    let path = home.repo.join(FILE);
    fs::write(&path, text(&home.repo, &services::discover(&home.repo)?)).context("cannot write CODEOWNERS")?;
    ui::note(format_args!("wrote {FILE}"));
    Ok(())
}

/// Fails when the file differs from the manifests.
pub(crate) fn check(home: &Home) -> Result<()> {
    let found = fs::read_to_string(home.repo.join(FILE)).context("cannot read CODEOWNERS")?;
    if found != text(&home.repo, &services::discover(&home.repo)?) {
        bail!("{FILE} differs from the services' manifests: run `cargo xtask codeowners`");
    }
    Ok(())
}

fn text(repo: &Path, services: &[Service]) -> String {
    let mut lines = vec![("*".to_owned(), PLATFORM_OWNER.to_owned())];
    for service in services {
        lines.push((format!("/services/{}/", service.name), service.owner.clone()));
    }
    let folders = lines.len();
    for service in services {
        let owners = format!("{} {PLATFORM_OWNER}", service.owner);
        lines.extend(published_files(repo, &service.name).map(|path| (path, owners.clone())));
    }
    let width = lines.iter().map(|(path, _)| path.len()).max().unwrap_or_default();
    let mut text =
        "# Written by `cargo xtask codeowners` from the manifests in services/: change `owner` there.\n".to_owned();
    for (index, (path, owners)) in lines.iter().enumerate() {
        if index == folders {
            text.push_str(
                "\n# An event is a contract with its consumers: its publisher and the platform team review it.\n",
            );
        }
        // Writing to a String cannot fail.
        writeln!(text, "{path:width$} {owners}").ok();
    }
    text
}

/// The files of the events that a service publishes, as far as they exist.
fn published_files<'a>(repo: &'a Path, service: &'a str) -> impl Iterator<Item = String> + 'a {
    let places = [
        format!("events/src/publishers/{service}.rs"),
        format!("events/src/publishers/{service}/"),
        format!("events/schemas/{service}/"),
        format!("events/examples/{service}/"),
    ];
    places.into_iter().filter(|place| repo.join(place).exists()).map(|place| format!("/{place}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::sample;

    #[test]
    fn each_service_and_its_events_have_their_owners() {
        let repo = tempfile::tempdir().unwrap();
        fs::create_dir_all(repo.path().join("events/src/publishers")).unwrap();
        fs::write(repo.path().join("events/src/publishers/sample-service.rs"), "").unwrap();
        let written = text(repo.path(), &[sample("sample-service", &["/sample-service"])]);
        let lines: Vec<&str> = written.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        assert_eq!(
            lines,
            [
                "*                                        @busline/platform",
                "/services/sample-service/                @busline/sample-service",
                "/events/src/publishers/sample-service.rs @busline/sample-service @busline/platform"
            ]
        );
    }
}
