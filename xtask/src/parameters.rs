//! Assigns values to the parameters of a template.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::aws::LOCAL;
use crate::stacks::Stack;
use crate::template::Template;

/// The values of a stack's parameters, and the SSM parameters that must exist already.
#[derive(Debug, PartialEq)]
pub(crate) struct Assigned {
    /// The values to pass, by parameter name.
    pub(crate) values: BTreeMap<String, String>,
    /// The paths of SSM parameters that CloudFormation reads.
    pub(crate) looked_up: Vec<String>,
}

/// The sources of values.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) env: &'a str,
    /// The values of the deployment itself, such as `Env` and the place of a service's code; passed where declared.
    pub(crate) known: BTreeMap<&'static str, String>,
    /// The values in the environment's file for this stack; each must be declared.
    pub(crate) given: BTreeMap<String, String>,
}

/// Assigns a value to every parameter that needs one.
///
/// A parameter of an SSM type has the path of the local environment as its default; in other environments the path has
/// their name in the place of `local`.
pub(crate) fn assign(stack: &Stack, template: &Template, sources: &Sources<'_>) -> Result<Assigned> {
    refuse_unknown(stack, template, sources)?;
    let mut assigned = Assigned { values: BTreeMap::new(), looked_up: Vec::new() };
    for (name, parameter) in &template.parameters {
        let looked_up = parameter.ssm_path().map(|path| in_environment(path, sources.env));
        let value = sources.known.get(name.as_str()).or_else(|| sources.given.get(name)).cloned();
        let Some(value) = value.or_else(|| looked_up.clone()) else {
            if !parameter.has_default() {
                bail!(
                    "{} declares {name} without a default: give it a value under `{stack}:` in infra/environments/{}.yaml",
                    template.path.display(),
                    sources.env
                );
            }
            continue;
        };
        if looked_up.is_some() {
            assigned.looked_up.push(value.clone());
        }
        assigned.values.insert(name.clone(), value);
    }
    Ok(assigned)
}

fn refuse_unknown(stack: &Stack, template: &Template, sources: &Sources<'_>) -> Result<()> {
    let file = format!("infra/environments/{}.yaml", sources.env);
    for name in sources.given.keys() {
        if sources.known.contains_key(name.as_str()) {
            bail!("{file} has a value for {name} of {stack}, which `cargo xtask deploy` sets itself: remove it there");
        }
        if !template.declares(name) {
            bail!("{file} has a value for {name} of {stack}, which {} does not declare", template.path.display());
        }
    }
    Ok(())
}

fn in_environment(path: &str, env: &str) -> String {
    match path.strip_prefix(&format!("/busline/{LOCAL}/")) {
        Some(rest) => format!("/busline/{env}/{rest}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{environments, stacks, template};

    fn sources(env: &str) -> Sources<'_> {
        Sources {
            env,
            known: BTreeMap::from([("Env", env.to_owned()), ("ArtifactKey", "k".into())]),
            given: BTreeMap::new(),
        }
    }

    fn sample() -> Template {
        template::sample()
    }

    fn stack() -> Stack {
        stacks::sample("samples")
    }

    #[test]
    fn looked_up_paths_follow_the_environment() {
        let assigned = assign(&stack(), &sample(), &sources("prod")).unwrap();
        assert_eq!(assigned.values["BusName"], "/busline/prod/bus/name");
        assert_eq!(assigned.looked_up, ["/busline/prod/bus/name"]);
    }

    #[test]
    fn known_values_pass_only_where_declared_and_defaults_stay_with_the_template() {
        let assigned = assign(&stack(), &sample(), &sources("prod")).unwrap();
        let names: Vec<_> = assigned.values.keys().collect();
        assert_eq!(names, ["BusName", "Env"]);
    }

    #[test]
    fn the_environment_file_sets_what_is_declared() {
        let given = BTreeMap::from([("Days".into(), "3".into())]);
        let assigned = assign(&stack(), &sample(), &Sources { given, ..sources("prod") }).unwrap();
        assert_eq!(assigned.values["Days"], "3");
    }

    #[test]
    fn a_value_for_an_undeclared_parameter_is_refused_by_name() {
        let given = BTreeMap::from([("Dayz".into(), "3".into())]);
        let error = assign(&stack(), &sample(), &Sources { given, ..sources("prod") }).unwrap_err();
        assert!(error.to_string().contains("Dayz") && error.to_string().contains("prod.yaml"), "{error}");
    }

    #[test]
    fn an_environment_names_the_sender_of_its_emails() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let stack = stacks::sample(stacks::MAIL);
        let template = Template::read(repo, &stack, &[]).unwrap();
        let error = assign(&stack, &template, &sources("prod")).unwrap_err().to_string();
        assert!(error.contains("MailFrom") && error.contains("prod.yaml"), "{error}");
        let given = environments::values(repo, LOCAL).unwrap().remove(stacks::MAIL).unwrap();
        assert!(assign(&stack, &template, &Sources { given, ..sources(LOCAL) }).is_ok());
    }

    #[test]
    fn a_parameter_without_any_value_is_named() {
        let template = template::parsed("Parameters: {Domain: {Type: String}}");
        let error = assign(&stack(), &template, &sources("prod")).unwrap_err();
        assert!(error.to_string().contains("Domain"), "{error}");
    }
}
