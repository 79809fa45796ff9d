//! `cargo xtask new subscriber`: writes a job that reads an event, from the texts in `new_subscriber/`.

mod edits;
mod files;
mod names;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use self::edits::EDITS;
use self::files::FILES;
use crate::home::Home;
use crate::process;
use crate::ui;
use crate::undo::{self, DOCUMENTS};

pub(crate) use self::names::{Names, ensure_service, is_of_participants, pair};

/// Checks the names, writes the job, and generates what depends on its files.
///
/// After a failure or an interrupt the repository is as it was.
pub(crate) async fn command(home: &Home, subscriber: &str, event: &str) -> Result<()> {
    let names = Names::parse(&home.repo, subscriber, event)?;
    let places: Vec<String> = names.places().into_iter().chain(DOCUMENTS.map(str::to_owned)).collect();
    undo::all_or_nothing(&home.repo, &places, generate(home, &names)).await?;
    let Names { service, job, .. } = &names;
    ui::print(format_args!(
        "The job {job} of services/{service} counts the events of each user, with its tests. Put its own effect there:\n  \
         {}\n  \
         {}\nThen:\n  \
         cargo xtask test --service {service}",
        names.fill("services/__service__/src/subscribe/__job_module__.rs   the fields that it reads: then `cargo xtask schemas`"),
        names.fill("services/__service__/src/store/__job_module__.rs       its row, written with the claim"),
    ));
    Ok(())
}

async fn generate(home: &Home, names: &Names) -> Result<()> {
    write(&home.repo, names)?;
    let service = home.repo.join(names.folder());
    let mut rustfmt = process::command("rustfmt");
    rustfmt.args(["--edition", "2024"]).args([service.join("src/main.rs"), service.join("tests/it/main.rs")]);
    process::run_quietly(&mut rustfmt).await?;
    ui::note("cargo xtask schemas");
    process::run(process::command("cargo").args(["xtask", "schemas"]).current_dir(&home.repo)).await
}

/// Writes the job into the service's folder below `root`; what rustfmt and `cargo xtask schemas` do is left.
pub(crate) fn write(root: &Path, names: &Names) -> Result<()> {
    let folder = root.join(names.folder());
    for (path, place, edit) in EDITS {
        let file = folder.join(path);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let text = edit(&text, names).with_context(|| format!("{} has not {place}", file.display()))?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    for (path, text) in FILES {
        let file = folder.join(names.fill(path));
        fs::create_dir_all(file.parent().context("a file has a folder")?)?;
        fs::write(&file, names.fill(text)).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use contracts::check;
    use contracts::proofs::Proofs;
    use contracts::repository::Repository;
    use contracts::repository::tree::Tree;
    use jiff::civil::date;

    use super::*;
    use crate::new_service::documents;

    /// In each service, a job for an event that none of its jobs reads.
    #[test]
    fn every_service_takes_a_new_subscriber() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let before = Repository::new(Tree::read(repo).unwrap(), None);
        for service in before.services.keys() {
            let job = format!("{service}/count-them");
            let mut events = before.schemas.keys().map(|event| format!("{}/{}", event.service, event.event));
            let names = events.find_map(|event| Names::parse(repo, &job, &event).ok()).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let mut tree = Tree::read(repo).unwrap();
            let own = format!("services/{service}/");
            for (path, text) in before.tree.all().filter(|(path, _)| path.starts_with(&own)) {
                let file = folder.path().join(path);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, text).unwrap();
            }
            write(folder.path(), &names).unwrap();
            let written = Tree::read(folder.path()).unwrap();
            written.all().for_each(|(path, text)| tree.put(path, text));
            let failed = check::failing(&Repository::new(tree, None), date(2026, 12, 1), &Proofs::default());
            let of_job: Vec<String> = failed
                .iter()
                .map(|failure| format!("{failure:?}"))
                .filter(|text| text.contains("count-them"))
                .collect();
            // `cargo xtask schemas` writes what the job reads.
            assert!(of_job.iter().all(|text| text.contains("reads/")), "{of_job:#?}");
        }
    }

    #[test]
    fn the_document_names_every_file_of_a_subscriber() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let names = Names::new("s", "count-them", "p", "ItemSeen");
        let schema = format!("{}/reads/count-them", names.folder());
        let path = |place: String| match place.as_str() {
            "docs/asyncapi" => "docs/asyncapi/s.json".to_owned(),
            _ if place == schema => format!("{place}/ItemSeen.v1.json"),
            _ => place,
        };
        let paths: Vec<String> = names.places().into_iter().chain(DOCUMENTS.map(str::to_owned)).map(path).collect();
        assert_eq!(documents::EVENT.unnamed(repo, &paths).unwrap(), [""; 0]);
    }
}
