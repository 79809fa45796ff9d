//! Systems Manager's parameter store, where stacks leave values for each other.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::json;

use crate::client::{CallError, Client, SSM};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    parameters: Vec<Parameter>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    parameter: Parameter,
}

/// All parameters below a path such as `/busline/prod`, at any depth: values by whole name.
///
/// Needs `ssm:GetParametersByPath` on the path.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html>
///
/// # Errors
/// When a page cannot be read.
pub async fn parameters_by_path(config: &SdkConfig, path: &str) -> Result<BTreeMap<String, String>, CallError> {
    let client = Client::new(config, SSM);
    let mut values = BTreeMap::new();
    let mut token = None;
    loop {
        let mut input = json!({"Path": path, "Recursive": true});
        if let Some(token) = token {
            input["NextToken"] = token;
        }
        let page: Page = client.call("GetParametersByPath", &input).await?;
        values.extend(page.parameters.into_iter().map(|parameter| (parameter.name, parameter.value)));
        match page.next_token.filter(|token| !token.is_empty()) {
            Some(next) => token = Some(next.into()),
            None => return Ok(values),
        }
    }
}

/// The value of one parameter; `None` when there is none of this name.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>
///
/// # Errors
/// When the call fails.
pub async fn parameter(config: &SdkConfig, name: &str) -> Result<Option<String>, CallError> {
    match Client::new(config, SSM).call::<One>("GetParameter", &json!({"Name": name})).await {
        Ok(found) => Ok(Some(found.parameter.value)),
        Err(failure) if failure.code() == Some("ParameterNotFound") => Ok(None),
        Err(failure) => Err(failure),
    }
}
