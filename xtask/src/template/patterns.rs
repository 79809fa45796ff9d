//! Repetitions in `infra/web.yaml`: one pattern that is written out for each service, or for each of their path prefixes.
//!
//! `AWS::LanguageExtensions` has `Fn::ForEach`, but it makes no lists, which origins and cache behaviours are.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::services::Service;

/// The key of a pattern that is repeated for each service.
const FOR_EACH_SERVICE: &str = "Busline::ForEachService";
/// The key of a pattern that is repeated for each path prefix of each service.
const FOR_EACH_PREFIX: &str = "Busline::ForEachApiPrefix";

/// The values of the placeholders, such as `{{service}}`.
type Values = Vec<(String, String)>;

/// Whether a template has patterns.
pub(super) fn are_in(text: &str) -> bool {
    [FOR_EACH_SERVICE, FOR_EACH_PREFIX].iter().any(|key| text.contains(key))
}

/// Writes the patterns of a template out, and adds the parameters that the services' addresses refer to.
pub(super) fn expand(template: Value, services: &[Service]) -> Value {
    let mut parameters = Map::new();
    let policy = content_policy(services, &mut parameters);
    let mut template = Expansion { services, policy }.expand(template, &Vec::new());
    if let Some(declared) = template.get_mut("Parameters").and_then(Value::as_object_mut) {
        declared.extend(parameters);
    }
    template
}

/// The directives' addresses, joined for a header. A name such as `${websocket-id}` in an address is an SSM parameter of
/// its service, which becomes a parameter of the template; other names are the template's own.
fn content_policy(services: &[Service], parameters: &mut Map<String, Value>) -> Values {
    let mut directives: BTreeMap<&str, Vec<String>> =
        [("connect-src", Vec::new()), ("img-src", Vec::new())].into_iter().collect();
    for service in services {
        for (directive, sources) in &service.content_policy {
            let joined = directives.entry(directive).or_default();
            for source in sources.iter().map(|source| with_parameters(source, service, parameters)) {
                if !joined.contains(&source) {
                    joined.push(source);
                }
            }
        }
    }
    directives.into_iter().map(|(directive, sources)| (format!("{{{{{directive}}}}}"), sources.join(" "))).collect()
}

fn with_parameters(source: &str, service: &Service, parameters: &mut Map<String, Value>) -> String {
    let mut text = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let name = if name.starts_with(|c: char| c.is_ascii_lowercase()) {
            let parameter = format!("{}{}", pascal_case(&service.name), pascal_case(name));
            let path = format!("/busline/local/{}/{name}", service.name);
            parameters
                .insert(parameter.clone(), json!({"Type": "AWS::SSM::Parameter::Value<String>", "Default": path}));
            parameter
        } else {
            name.to_owned()
        };
        text.extend([before, "${", &name, "}"]);
        rest = after;
    }
    text + rest
}

struct Expansion<'a> {
    services: &'a [Service],
    policy: Values,
}

impl Expansion<'_> {
    fn expand(&self, value: Value, values: &Values) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(&text, values)),
            Value::Array(items) => items.into_iter().flat_map(|item| self.expand_item(item, values)).collect(),
            Value::Object(entries) => self.expand_entries(entries, values),
            other => other,
        }
    }

    /// An item of a list: a pattern becomes as many items as it has repetitions.
    fn expand_item(&self, item: Value, values: &Values) -> Vec<Value> {
        match self.repetitions(&item) {
            Some((pattern, repetitions)) => {
                repetitions.iter().map(|values| self.expand(pattern.clone(), values)).collect()
            }
            None => vec![self.expand(item, values)],
        }
    }

    fn expand_entries(&self, entries: Map<String, Value>, values: &Values) -> Value {
        if let Some(text) = entries.get("Fn::Sub").and_then(Value::as_str) {
            let filled = self.fill(text, values);
            // CloudFormation refuses an empty text, and cfn-lint a text without variables.
            return if filled.contains("${") { json!({ "Fn::Sub": filled }) } else { Value::String(filled) };
        }
        let mut expanded = Map::new();
        for (key, value) in entries {
            match self.repetitions(&json!({ key.clone(): value.clone() })) {
                Some((pattern, repetitions)) => {
                    let all = repetitions.iter().map(|values| self.expand(pattern.clone(), values));
                    expanded.extend(all.filter_map(|one| one.as_object().cloned()).flatten());
                }
                None => drop(expanded.insert(self.fill(&key, values), self.expand(value, values))),
            }
        }
        Value::Object(expanded)
    }

    /// The pattern of a mapping with one such key, and the values of each repetition.
    fn repetitions(&self, value: &Value) -> Option<(Value, Vec<Values>)> {
        let entries = value.as_object().filter(|entries| entries.len() == 1)?;
        let (key, pattern) = entries.iter().next()?;
        let repetitions = match key.as_str() {
            FOR_EACH_SERVICE => self.services.iter().map(service_values).collect(),
            FOR_EACH_PREFIX => self.prefixes(),
            _ => return None,
        };
        Some((pattern.clone(), repetitions))
    }

    /// The longest prefix first: `CloudFront` takes the first pattern that fits, and `/me*` fits `/messages` too.
    fn prefixes(&self) -> Vec<Values> {
        let of_service = |service| move |prefix: &String| (prefix.clone(), service);
        let mut prefixes: Vec<(String, &Service)> =
            self.services.iter().flat_map(|service| service.api.iter().map(of_service(service))).collect();
        prefixes.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        let values = |(prefix, service): (String, &Service)| {
            let mut values = service_values(service);
            values.push(("{{prefix}}".into(), prefix));
            values
        };
        prefixes.into_iter().map(values).collect()
    }

    fn fill(&self, text: &str, values: &Values) -> String {
        let all = values.iter().chain(&self.policy);
        all.fold(text.to_owned(), |text, (placeholder, value)| text.replace(placeholder.as_str(), value))
    }
}

fn service_values(service: &Service) -> Values {
    vec![("{{service}}".into(), service.name.clone()), ("{{Service}}".into(), pascal_case(&service.name))]
}

/// `user-pool-id` as `UserPoolId`: logical ids in templates are alphanumeric.
fn pascal_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::sample;

    fn expanded(template: Value, services: &[Service]) -> Value {
        expand(template, services)
    }

    #[test]
    fn a_pattern_in_a_list_is_repeated_for_each_service() {
        let template = json!({"Origins": [{"Id": "page"}, {FOR_EACH_SERVICE: {"Id": "{{service}}"}}]});
        let services = [sample("alpha", &["/a"]), sample("beta", &["/b"])];
        let ids = json!({"Origins": [{"Id": "page"}, {"Id": "alpha"}, {"Id": "beta"}]});
        assert_eq!(expanded(template.clone(), &services), ids);
        assert_eq!(expanded(template, &[]), json!({"Origins": [{"Id": "page"}]}));
    }

    #[test]
    fn a_pattern_in_a_mapping_adds_entries_for_each_service() {
        let template =
            json!({"Parameters": {"Env": {}, FOR_EACH_SERVICE: {"{{Service}}Api": {"Default": "/{{service}}"}}}});
        let expected = json!({"Parameters": {"Env": {}, "BetaGammaApi": {"Default": "/beta-gamma"}}});
        assert_eq!(expanded(template, &[sample("beta-gamma", &["/b"])]), expected);
    }

    #[test]
    fn a_longer_prefix_comes_before_one_that_it_begins_with() {
        let template = json!([{FOR_EACH_PREFIX: "{{prefix}} {{service}}"}]);
        let services = [sample("alpha", &["/me"]), sample("beta", &["/messages", "/b"])];
        assert_eq!(expanded(template, &services), json!(["/messages beta", "/me alpha", "/b beta"]));
    }

    #[test]
    fn addresses_of_the_content_policy_refer_to_parameters_of_their_service() {
        let mut service = sample("alpha", &["/a"]);
        let address = "wss://${socket-id}.execute-api.${AWS::Region}.amazonaws.com".to_owned();
        service.content_policy.insert("connect-src".into(), vec![address]);
        let template =
            json!({"Parameters": {}, "Connect": {"Fn::Sub": "{{connect-src}}"}, "Images": {"Fn::Sub": "{{img-src}}"}});
        let template = expanded(template, &[service]);
        assert_eq!(template["Connect"]["Fn::Sub"], "wss://${AlphaSocketId}.execute-api.${AWS::Region}.amazonaws.com");
        assert_eq!(template["Parameters"]["AlphaSocketId"]["Default"], "/busline/local/alpha/socket-id");
        assert_eq!(template["Images"], "");
    }
}
