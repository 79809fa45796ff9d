//! cfn-lint over templates, remembered for those that did not change.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::hash;
use crate::home::Home;
use crate::process;
use crate::python::Python;

/// Lints templates against AWS's resource schemas; fails with cfn-lint's own findings, warnings included.
///
/// Gives the number of templates that had to be looked at: a template that passed before is not linted again with
/// the same cfn-lint and settings.
pub(crate) async fn templates(home: &Home, python: &Python, templates: &[PathBuf]) -> Result<usize> {
    let folder = home.cache().join("cfn-lint");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let rules = rules(home)?;
    let mut unknown = Vec::new();
    for template in templates {
        let stamp = folder.join(hash::of(format!("{rules} {}", hash::of_file(template)?).as_bytes()));
        if !stamp.exists() {
            unknown.push((template, stamp));
        }
    }
    if unknown.is_empty() {
        return Ok(0);
    }
    let mut cfn_lint = process::command(python.program("cfn-lint"));
    cfn_lint.current_dir(&home.repo).args(["--regions", "eu-west-1", "--"]);
    cfn_lint.args(unknown.iter().map(|(template, _)| template));
    process::run_quietly(&mut cfn_lint).await?;
    for (_, stamp) in &unknown {
        fs::write(stamp, "")?;
    }
    Ok(unknown.len())
}

/// What a result depends on beside the template: the linter's version and its settings.
fn rules(home: &Home) -> Result<String> {
    let settings = fs::read(home.repo.join(".cfnlintrc")).unwrap_or_default();
    Ok(format!("{} {}", hash::of_file(&home.repo.join("local/requirements.lock"))?, hash::of(&settings)))
}
