//! A service with personal data is registered for erasure and export by its template.

use std::path::Path;

use anyhow::{Result, ensure};
use contracts::template;
use serde_json::Value;

use crate::services;

/// Fails when a service holds personal data and its stack does not register it for erasure and export, or the other way
/// round.
pub(crate) fn check(repo: &Path) -> Result<()> {
    let mut wrong = Vec::new();
    for service in services::discover(repo)? {
        let path = service.folder.join("template.yaml").display().to_string();
        let registers = registers(&template::read(repo, &path)?, &service.name);
        wrong.extend(
            disagreement(service.personal_data, registers, &service.name).map(|text| format!("  {path}: {text}")),
        );
    }
    ensure!(wrong.is_empty(), "manifests and templates disagree on personal data:\n{}", wrong.join("\n"));
    Ok(())
}

/// Whether a template has the parameter by which a stack registers its service.
fn registers(template: &Value, service: &str) -> bool {
    let name = format!("/busline/${{Env}}/participants/{service}");
    let resources = template["Resources"].as_object();
    resources.into_iter().flatten().any(|(_, resource)| {
        resource["Type"] == "AWS::SSM::Parameter" && resource["Properties"]["Name"]["Fn::Sub"] == name
    })
}

fn disagreement(holds_personal_data: bool, registers: bool, service: &str) -> Option<String> {
    let parameter = format!("the SSM parameter `/busline/${{Env}}/participants/{service}`");
    match (holds_personal_data, registers) {
        (true, false) => Some(format!(
            "the manifest has `personal-data = true`, but {parameter} is missing: without it nobody asks {service} to \
             erase or export a user's data"
        )),
        (false, true) => Some(format!(
            "{parameter} registers {service} for erasure and export, but the manifest has `personal-data = false`: set \
             it to true, or remove the parameter"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_registers_its_own_service_by_a_parameter() {
        let template = |service: &str| {
            let name = json!({ "Fn::Sub": format!("/busline/${{Env}}/participants/{service}") });
            json!({ "Resources": { "Participant": { "Type": "AWS::SSM::Parameter", "Properties": { "Name": name } } } })
        };
        assert!(registers(&template("orders"), "orders"));
        assert!(!registers(&template("invoices"), "orders"));
        assert!(!registers(&json!({}), "orders"));
    }

    #[test]
    fn personal_data_and_registration_go_together() {
        assert!(disagreement(true, false, "orders").unwrap().contains("is missing"));
        assert!(disagreement(false, true, "orders").unwrap().contains("personal-data = false"));
        assert_eq!(disagreement(true, true, "orders"), None);
        assert_eq!(disagreement(false, false, "orders"), None);
    }
}
