use std::collections::BTreeMap;

use aws_json::{Client, SSM};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use jiff::Timestamp;
use serde_json::json;
use tokio::task::{self, LocalSet};

use super::*;
use crate::aws::Target;
use crate::cloud::{Cloud, LocalCloud};
use crate::deploy::Detail;
use crate::home::Home;
use crate::package::Architecture;
use crate::python::Python;
use crate::release::Release;
use crate::services;
use crate::stacks::ARTIFACTS;

/// A service with one route, which passes the smoke test.
const TEMPLATE: &str = r#"
Parameters:
  WebOrigin: {Type: String, Default: ""}
Resources:
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: samples, ProtocolType: HTTP}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: $default, AutoDeploy: true}}
  Authorizer:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: tokens
      AuthorizerType: JWT
      IdentitySource: [$request.header.Authorization]
      JwtConfiguration: {Issuer: "https://issuer.example.com", Audience: [samples]}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: HTTP_PROXY
      IntegrationMethod: GET
      IntegrationUri: http://127.0.0.1:1
      PayloadFormatVersion: "1.0"
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: GET /samples
      AuthorizationType: JWT
      AuthorizerId: !Ref Authorizer
      Target: !Sub integrations/${Integration}
  ApiId: {Type: AWS::SSM::Parameter, Properties: {Type: String, Name: /busline/local/samples/api-id, Value: !Ref Api}}
  Origin: {Type: AWS::SSM::Parameter, Properties: {Type: String, Name: /samples/origin, Value: !Sub "at ${WebOrigin}"}}
"#;

#[tokio::test]
async fn services_are_told_the_address_of_the_page_whatever_ended_before() {
    let repo = Home::find().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let home = repo.beside(folder.path().to_owned());
    let python = Python::ready(&repo).await.unwrap();
    let local_home = home.clone();
    let local = LocalCloud::new(&local_home);
    let cloud = local.start(&python, None).await.unwrap();
    // As a task, so that the local cloud is stopped also after a failure.
    let work = async { task::spawn_local(async move { told(&home, &python, cloud).await }).await };
    let outcome = LocalSet::new().run_until(work).await;
    local.kill().await.unwrap();
    outcome.unwrap();
}

async fn told(home: &Home, python: &Python, cloud: Cloud) {
    let target = Target::local(cloud);
    let stacks = stacks::of_services(vec![services::sample("samples", &["/samples"])]);
    let deployment = Deployment {
        home,
        python,
        stacks: &stacks,
        target: &target,
        architecture: Architecture::host().unwrap(),
        detail: Detail::Counts,
        forced: BTreeMap::new(),
    };
    let place = BucketLocationConstraint::from(target.region());
    let place = CreateBucketConfiguration::builder().location_constraint(place).build();
    target.s3().create_bucket().bucket("artifacts").create_bucket_configuration(place).send().await.unwrap();
    store(&target, &stacks::parameter_path("local", ARTIFACTS, "bucket"), "artifacts").await;

    // The service is there before the page, and so knows no address.
    let step = Step::start("samples");
    let release = Release { at: Timestamp::now(), template: TEMPLATE.into(), parameters: BTreeMap::new() };
    deployment.change(&stacks.all()[0], &release, &step).await.unwrap();
    let releases = Releases::new(&target, "artifacts");
    releases.keep("samples", &release).await.unwrap();
    step.done("deployed");
    deployment.tell_origin().await.unwrap();
    assert_eq!(deployment.parameter("/samples/origin").await.unwrap().unwrap(), "at ");

    // The page is there, and its deployment ended before it told the service; later it gets a domain.
    for origin in ["https://d1.cloudfront.net", "https://todo.example.com"] {
        store(&target, "/busline/local/web/origin", origin).await;
        deployment.tell_origin().await.unwrap();
        assert_eq!(deployment.parameter("/samples/origin").await.unwrap().unwrap(), format!("at {origin}"));
        let release = releases.last("samples").await.unwrap().unwrap();
        assert_eq!(release.parameters[WEB_ORIGIN], origin, "a return to it would forget the address");
    }
    let before = releases.last("samples").await.unwrap();
    deployment.tell_origin().await.unwrap();
    assert_eq!(releases.last("samples").await.unwrap(), before, "it was told again");
}

async fn store(target: &Target, path: &str, value: &str) {
    let input = json!({"Name": path, "Value": value, "Type": "String", "Overwrite": true});
    Client::new(&target.sdk, SSM).send("PutParameter", &input).await.unwrap();
}
