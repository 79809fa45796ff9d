//! The environments: each has a file of values in `infra/environments/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::services;
use crate::usage::UsageError;

fn folder(repo: &Path) -> PathBuf {
    repo.join("infra/environments")
}

/// Fails if an environment has no file: a misspelt name would otherwise begin another environment.
pub(crate) fn expect(repo: &Path, env: &str) -> Result<()> {
    let folder = folder(repo);
    if folder.join(format!("{env}.yaml")).is_file() {
        return Ok(());
    }
    let files = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let files = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    let mut known: Vec<String> = files.filter_map(|file| Some(file.strip_suffix(".yaml")?.to_owned())).collect();
    known.sort();
    let hint = match services::nearest(env, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the environments are {}", known.join(", ")),
    };
    Err(UsageError(format!(
        "there is no environment `{env}`: {hint}\nto begin it, create infra/environments/{env}.yaml, which may hold `{{}}`"
    ))
    .into())
}

/// Values for the parameters of an environment's stacks, by stack.
pub(crate) fn values(repo: &Path, env: &str) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let path = folder(repo).join(format!("{env}.yaml"));
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let values: BTreeMap<String, BTreeMap<String, Value>> = serde_norway::from_str(&text)
        .with_context(|| format!("{} must hold `stack: {{Parameter: value}}`", path.display()))?;
    values.into_iter().map(|(stack, values)| Ok((stack, texts(values, &path)?))).collect()
}

fn texts(values: BTreeMap<String, Value>, path: &Path) -> Result<BTreeMap<String, String>> {
    values
        .into_iter()
        .map(|(name, value)| {
            let text = match &value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                _ => bail!("{name} in {} must be a text, a number or true/false", path.display()),
            };
            Ok((name, text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(env: &str) -> String {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let error = expect(repo, env).unwrap_err();
        assert!(error.is::<UsageError>());
        error.to_string()
    }

    #[test]
    fn an_environment_without_a_file_is_refused_and_the_nearest_is_named() {
        assert!(error("locl").contains("no environment `locl`: did you mean `local`?"));
        let error = error("prod");
        assert!(
            error.contains("the environments are local") && error.contains("infra/environments/prod.yaml"),
            "{error}"
        );
    }
}
