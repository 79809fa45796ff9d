//! `cargo xtask new event`: writes the type and the example of an event, and generates what depends on them.

mod names;

use std::fs;

use anyhow::{Context, Result};

use self::names::{NewEvent, builders, line_of};
use crate::home::Home;
use crate::process;
use crate::ui;
use crate::undo::{self, DOCUMENTS};

/// Checks the name, writes the event as a draft, and tells what is left to be written by hand.
///
/// After a failure or an interrupt the repository is as it was.
pub(crate) async fn command(home: &Home, event: &str) -> Result<()> {
    let new = NewEvent::parse(&home.repo, event)?;
    let (service, name) = (&new.name.service, &new.name.event);
    let own = [new.file(), format!("events/examples/{service}/{name}"), format!("events/schemas/{service}/{name}")];
    let places: Vec<String> = own.into_iter().chain(DOCUMENTS.map(str::to_owned)).collect();
    undo::all_or_nothing(&home.repo, &places, write(home, &new)).await?;
    ui::print(format_args!(
        "{} is a draft. By hand:\n  {}:{}   what it tells, and its fields\n  {}   a value for each field\n  {}   build it \
         with the change, for the outbox\n  services/{service}/README.md   the section Events\nThen:\n  cargo xtask schemas\n  \
         cargo xtask new subscriber <service>/<job> {service}/{name}",
        new.name,
        new.file(),
        line_of(&home.repo, &new)?,
        new.name.example_file(),
        builders(&home.repo, &new)?.join(" or "),
    ));
    Ok(())
}

async fn write(home: &Home, new: &NewEvent) -> Result<()> {
    let file = home.repo.join(new.file());
    let before = if file.exists() { Some(fs::read_to_string(&file)?) } else { None };
    fs::write(&file, new.with_type(before)).with_context(|| format!("cannot write {}", file.display()))?;
    let example = home.repo.join(new.name.example_file());
    fs::create_dir_all(example.parent().context("a file has a folder")?)?;
    fs::write(&example, new.example()).with_context(|| format!("cannot write {}", example.display()))?;
    process::run_quietly(process::command("rustfmt").args(["--edition", "2024"]).arg(&file)).await?;
    ui::note("cargo xtask schemas");
    process::run(process::command("cargo").args(["xtask", "schemas"]).current_dir(&home.repo)).await
}
