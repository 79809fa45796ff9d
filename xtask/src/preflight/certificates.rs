//! Certificates that the templates use for own domains.

use anyhow::Result;
use aws_config::Region;
use aws_json::{ACM, Client};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Finding, Subject};
use crate::aws;

const CHECK: &str = "certificate";

/// ACM renews a certificate 60 days before its end if its DNS record is still there; less time left means it could not.
///
/// <https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html>
const RENEWAL: SignedDuration = SignedDuration::from_hours(24 * 45);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    certificate: Certificate,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Certificate {
    status: String,
    domain_name: String,
    #[serde(default)]
    subject_alternative_names: Vec<String>,
    /// Its end, in seconds since 1970.
    not_after: Option<f64>,
}

pub(super) async fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for distribution in subject.plan.of_kind("AWS::CloudFront::Distribution") {
        let config = &distribution.properties["DistributionConfig"];
        let domains: Vec<&str> = config["Aliases"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        findings.push(match config["ViewerCertificate"]["AcmCertificateArn"].as_str() {
            Some(arn) => of_distribution(subject, arn, &domains).await,
            None => Finding::ready(CHECK, "the page has CloudFront's own name, which needs none"),
        });
    }
    findings
}

async fn of_distribution(subject: &Subject<'_>, arn: &str, domains: &[&str]) -> Finding {
    match describe(subject, arn).await {
        Ok(Some(certificate)) => judge(arn, &certificate, domains),
        Ok(None) => Finding::stops(
            CHECK,
            [
                format!("there is no certificate {arn}"),
                "CloudFront refuses the distribution".to_owned(),
                format!(
                    "`aws acm request-certificate --region us-east-1 --validation-method DNS --domain-name {}`",
                    domains.join(" ")
                ),
            ],
        ),
        Err(error) => Finding::unknown(CHECK, &error, "acm:DescribeCertificate"),
    }
}

async fn describe(subject: &Subject<'_>, arn: &str) -> Result<Option<Certificate>> {
    let region = arn.split(':').nth(3).unwrap_or("us-east-1").to_owned();
    let sdk = subject.target.sdk.to_builder().region(Region::new(region)).build();
    match Client::new(&sdk, ACM).call::<Answer>("DescribeCertificate", &json!({"CertificateArn": arn})).await {
        Ok(answer) => Ok(Some(answer.certificate)),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(aws::call_failed("read the certificate")(error)),
    }
}

fn judge(arn: &str, certificate: &Certificate, domains: &[&str]) -> Finding {
    if certificate.status != "ISSUED" {
        return Finding::stops(
            CHECK,
            [
                format!("{arn} is in {}", certificate.status),
                "CloudFront refuses the distribution".to_owned(),
                format!(
                    "add the CNAME that `aws acm describe-certificate --region us-east-1 --certificate-arn {arn}` shows to the DNS"
                ),
            ],
        );
    }
    let names = || certificate.subject_alternative_names.iter().chain([&certificate.domain_name]);
    if let Some(domain) = domains.iter().find(|domain| !names().any(|name| covers(name, domain))) {
        return Finding::stops(
            CHECK,
            [
                format!("{arn} is for {}, not for {domain}", names().cloned().collect::<Vec<_>>().join(", ")),
                "CloudFront refuses the distribution".to_owned(),
                "use a certificate for that domain".to_owned(),
            ],
        );
    }
    #[expect(clippy::cast_possible_truncation, reason = "a time in seconds")]
    let end = certificate.not_after.and_then(|end| Timestamp::from_second(end as i64).ok());
    match end.filter(|end| *end < Timestamp::now() + RENEWAL) {
        None => Finding::ready(CHECK, format!("{} is issued", certificate.domain_name)),
        Some(end) => Finding::warning(
            CHECK,
            [
                format!("{arn} ends on {end}, and has not been renewed"),
                "browsers refuse the page after that".to_owned(),
                "put its CNAME back into the DNS, by which ACM renews it".to_owned(),
            ],
        ),
    }
}

/// Whether a name of a certificate is for a domain: itself, or `*` in the place of its first label.
fn covers(name: &str, domain: &str) -> bool {
    let parent = domain.split_once('.').map(|(_, parent)| parent);
    name.eq_ignore_ascii_case(domain) || name.strip_prefix("*.").is_some_and(|rest| Some(rest) == parent)
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn level(status: &str, name: &str, days: i64) -> Level {
        let end = Timestamp::now() + SignedDuration::from_hours(24 * days);
        #[expect(clippy::cast_precision_loss, reason = "a time in seconds")]
        let not_after = Some(end.as_second() as f64);
        let certificate = Certificate {
            status: status.into(),
            domain_name: name.into(),
            subject_alternative_names: Vec::new(),
            not_after,
        };
        judge("arn", &certificate, &["todo.example.net"]).level
    }

    #[test]
    fn a_certificate_must_be_issued_for_the_domain() {
        assert_eq!(level("ISSUED", "todo.example.net", 300), Level::Ready);
        assert_eq!(level("ISSUED", "*.example.net", 300), Level::Ready);
        assert_eq!(level("PENDING_VALIDATION", "todo.example.net", 300), Level::Stops);
        assert_eq!(level("ISSUED", "example.net", 300), Level::Stops);
        assert_eq!(level("ISSUED", "*.todo.example.net", 300), Level::Stops);
        assert_eq!(level("ISSUED", "todo.example.net", 10), Level::Warning);
    }
}
