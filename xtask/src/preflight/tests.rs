//! Each condition present and absent: on the local cloud, and with recorded answers where the local cloud has fixed ones
//! (limits of Lambda and IAM, a paused SES, states of stacks, buckets of other accounts).

mod local_cloud;
mod recorded;

use std::path::Path;

use serde_json::{Value, json};

use super::{Finding, Level, Report, Subject};
use crate::aws::{Caller, Target};
use crate::home::Home;
use crate::package::Architecture;
use crate::planned::{Place, Plan};
use crate::stacks::Stacks;

/// An environment without a file, so that all parameters have their defaults.
const ENV: &str = "probe";
const DOMAIN: &str = "shop.net";
const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/1";

/// What the tests examine, with another domain of the sender, and a certificate.
struct Probe {
    home: Home,
    stacks: Stacks,
    plan: Plan,
    caller: Caller,
    target: Target,
}

impl Probe {
    async fn new(target: Target) -> Self {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let home = Home { repo: repo.into(), dir: repo.into(), venv: repo.into(), is_for_tests: true };
        let stacks = Stacks::discover(repo).unwrap();
        let target = Target { env: ENV.into(), cloud: None, ..target };
        let caller = target.caller().await.unwrap();
        let place = Place { env: ENV, account: &caller.account, region: target.region() };
        let mut plan = Plan::read(repo, &stacks, place).unwrap();
        // This environment has no file, which would give the parameters without a default.
        plan.refused.clear();
        let mut probe = Self { home, stacks, plan, caller, target };
        probe.set("AWS::SES::EmailIdentity", "EmailIdentity", &json!(DOMAIN));
        probe
    }

    /// Gives a property of all resources of a type another value.
    fn set(&mut self, kind: &str, property: &str, value: &Value) {
        for resource in self.plan.resources.iter_mut().filter(|resource| resource.kind == kind) {
            resource.properties[property] = value.clone();
        }
    }

    fn use_domain(&mut self, certificate: &str) {
        let viewer = json!({"AcmCertificateArn": certificate});
        let config = json!({"Aliases": ["todo.shop.net"], "ViewerCertificate": viewer});
        self.set("AWS::CloudFront::Distribution", "DistributionConfig", &config);
    }

    /// The name that the first planned resource of a type has.
    fn name(&self, kind: &str, property: &str) -> String {
        self.plan.of_kind(kind).find_map(|resource| resource.text(property)).unwrap().to_owned()
    }

    fn subject(&self) -> Subject<'_> {
        let architecture = Architecture::host().unwrap();
        let Self { home, stacks, plan, caller, target } = self;
        Subject { home, target, caller, stacks, plan, architecture }
    }

    async fn findings(&self) -> Vec<Finding> {
        self.subject().examine_account().await.unwrap()
    }

    /// The levels of a check's findings, and all of their texts.
    async fn check(&self, check: &str) -> (Vec<Level>, String) {
        of_check(&self.findings().await, check)
    }
}

fn of_check(findings: &[Finding], check: &str) -> (Vec<Level>, String) {
    let of_check: Vec<&Finding> = findings.iter().filter(|finding| finding.check == check).collect();
    let texts: Vec<String> = of_check.iter().map(|finding| finding.text()).collect();
    (of_check.iter().map(|finding| finding.level).collect(), texts.join("\n"))
}

#[test]
fn a_report_tells_what_breaks_and_what_to_do() {
    let texts = ["it is small", "it breaks", "make it larger"].map(str::to_owned);
    let findings = vec![Finding::stops("size", texts), Finding::ready("colour", "green")];
    let [env, account, region] = ["prod", "1", "eu-west-1"].map(str::to_owned);
    let report = Report { env, account, region, ready: false, findings };
    let expected = "Environment prod: account 1, eu-west-1\nready    colour: green\nSTOPS    size: it is small\n         \
                    breaks: it breaks\n         do: make it larger\n\n1 finding stops the deployment, 0 warnings, 0 cannot \
                    be told";
    assert_eq!(report.text(), expected);
    assert_eq!(serde_json::to_value(&report).unwrap()["findings"][0]["level"], "stops");
}
