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

/// The field of an environment's file with the id of its AWS account, beside the stacks.
const ACCOUNT: &str = "account";

/// Values for the parameters of an environment's stacks, by stack.
pub(crate) fn values(repo: &Path, env: &str) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let (path, mut fields) = read(repo, env)?;
    fields.remove(ACCOUNT);
    let stacks = fields.into_iter().map(|(stack, values)| {
        let values = serde_json::from_value(values)
            .with_context(|| format!("{} must hold `stack: {{Parameter: value}}`", path.display()))?;
        Ok((stack, texts(values, &path)?))
    });
    stacks.collect()
}

/// The id of the AWS account that an environment is in, if its file tells it.
pub(crate) fn account(repo: &Path, env: &str) -> Result<Option<String>> {
    let (path, mut fields) = read(repo, env)?;
    let Some(account) = fields.remove(ACCOUNT) else { return Ok(None) };
    let id = account.as_str().map_or_else(|| account.to_string(), str::to_owned);
    if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Some(id));
    }
    bail!("{}: `{ACCOUNT}` must be the 12 digits of an AWS account, in quotes: \"012345678901\"", path.display())
}

/// Fails if an environment's file names another account than the one that the credentials are of.
pub(crate) fn expect_account(repo: &Path, env: &str, actual: &str) -> Result<()> {
    match account(repo, env)? {
        Some(expected) if expected != actual => bail!(
            "environment {env} is in account {expected} (infra/environments/{env}.yaml), and the credentials are of account \
             {actual}: use others, such as another AWS_PROFILE"
        ),
        _ => Ok(()),
    }
}

/// The file of an environment and its fields; none when it does not exist.
fn read(repo: &Path, env: &str) -> Result<(PathBuf, BTreeMap<String, Value>)> {
    let path = folder(repo).join(format!("{env}.yaml"));
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((path, BTreeMap::new())),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let fields = serde_norway::from_str(&text)
        .with_context(|| format!("{} must hold `stack: {{Parameter: value}}`", path.display()))?;
    Ok((path, fields))
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

    /// A repository with the file of the environment `prod`.
    fn repo(file: &str) -> tempfile::TempDir {
        let repo = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder(repo.path())).unwrap();
        fs::write(folder(repo.path()).join("prod.yaml"), file).unwrap();
        repo
    }

    #[test]
    fn the_account_is_a_field_beside_the_stacks() {
        let repo = repo("account: \"123456789012\"\nbus: {Days: 3}");
        assert_eq!(account(repo.path(), "prod").unwrap().as_deref(), Some("123456789012"));
        assert_eq!(values(repo.path(), "prod").unwrap()["bus"]["Days"], "3");
        assert!(!values(repo.path(), "prod").unwrap().contains_key("account"));
    }

    #[test]
    fn credentials_of_another_account_are_refused() {
        let repo = repo("account: 123456789012");
        expect_account(repo.path(), "prod", "123456789012").unwrap();
        let error = expect_account(repo.path(), "prod", "999999999999").unwrap_err().to_string();
        assert!(error.contains("is in account 123456789012") && error.contains("of account 999999999999"), "{error}");
        expect_account(repo.path(), "staging", "999999999999").unwrap();
    }

    #[test]
    fn an_account_has_twelve_digits() {
        for wrong in ["12345", "[1]", "my-account"] {
            let error = account(repo(&format!("account: {wrong}")).path(), "prod").unwrap_err();
            assert!(error.to_string().contains("12 digits"), "{error}");
        }
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
