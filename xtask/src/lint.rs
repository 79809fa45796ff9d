//! cfn-lint over templates; those that passed and did not change since are skipped.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::hash;
use crate::home::{self, Home};
use crate::process;
use crate::python::Python;
use crate::services::Service;
use crate::stacks::{Stack, Stacks};
use crate::template::{Form, Template};

/// The default region, the largest one, and a small one, which has fewer services and types of resources.
const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "ap-southeast-5"];

/// Lints stacks' templates against AWS's resource schemas; fails with cfn-lint's own findings, warnings included.
///
/// Returns the number of templates that were linted: one that passed before is skipped while the template, cfn-lint and
/// its settings are the same. A template with includes or patterns is linted as it is deployed, with these written out.
pub(crate) async fn templates(home: &Home, python: &Python, stacks: &Stacks, selected: &[&Stack]) -> Result<usize> {
    let folder = home.cache().join("cfn-lint");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let _lock = home::lock(&folder.join("lock"), "another `cargo xtask` lints templates; waiting for it").await?;
    let rules = rules(home)?;
    let services: Vec<Service> = stacks.services().cloned().collect();
    let mut changed = Vec::new();
    for stack in selected {
        let template = Template::read(&home.repo, stack, &services)?;
        let stamp = folder.join(hash::sha256(format!("{rules} {}", hash::sha256(template.body.as_bytes())).as_bytes()));
        if !stamp.exists() {
            changed.push((file(home, stack, &template)?, stamp));
        }
    }
    if changed.is_empty() {
        return Ok(0);
    }
    let mut cfn_lint = process::command(python.program("cfn-lint"));
    cfn_lint.current_dir(&home.repo).arg("--regions").args(REGIONS).arg("--");
    cfn_lint.args(changed.iter().map(|(template, _)| template));
    process::run_quietly(&mut cfn_lint).await?;
    for (_, stamp) in &changed {
        fs::write(stamp, "")?;
    }
    Ok(changed.len())
}

/// The file that cfn-lint reads: the template's own, or what was written out of it.
fn file(home: &Home, stack: &Stack, template: &Template) -> Result<PathBuf> {
    if template.form == Form::Source {
        return Ok(template.path.clone());
    }
    let folder = home.cache().join("templates");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let expanded = folder.join(format!("{stack}.json"));
    fs::write(&expanded, &template.body).with_context(|| format!("cannot write {}", expanded.display()))?;
    Ok(expanded)
}

/// What a result depends on beside the template: the linter's version, its settings and the regions.
fn rules(home: &Home) -> Result<String> {
    let settings = fs::read(home.repo.join(".cfnlintrc")).unwrap_or_default();
    let version = hash::sha256_of_file(&home.repo.join("local/requirements.lock"))?;
    Ok(format!("{version} {} {}", hash::sha256(&settings), REGIONS.join(" ")))
}
