//! The functions of the product under test: sent through the proxy, killed, replaced by naive ones.

use std::io::{Cursor, Write};
use std::process::Stdio;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::Environment;
use tests::product::Product;
use tokio::process::Command;
use zip::write::SimpleFileOptions;

/// Functions that are not under test: the effect is an email, which is sent at most once and not exactly once.
const NOT_TESTED: [&str; 2] = ["post-confirmation", "send-welcome-mail"];

/// Lets every function call AWS through `endpoint`, or directly without one.
pub(crate) async fn set_endpoint(product: &Product, endpoint: Option<&str>) {
    let client = Client::new(product.sdk());
    let prefix = format!("busline-{}-", product.env());
    let mut pages = client.list_functions().into_paginator().items().send();
    while let Some(function) = pages.next().await {
        let function = function.expect("the list of functions");
        let name = function.function_name().unwrap_or_default();
        if !name.starts_with(&prefix) || NOT_TESTED.iter().any(|job| name.ends_with(job)) {
            continue;
        }
        let mut variables = function.environment.and_then(|settings| settings.variables).unwrap_or_default();
        match endpoint {
            Some(endpoint) => variables.insert("AWS_ENDPOINT_URL".to_owned(), endpoint.to_owned()),
            None => variables.remove("AWS_ENDPOINT_URL"),
        };
        let settings = Environment::builder().set_variables(Some(variables)).build();
        let change = client.update_function_configuration().function_name(function.function_name.unwrap_or_default());
        change.environment(settings).send().await.expect("a function with settings that can be changed");
    }
}

/// Replaces the code of a publisher and a subscriber by naive ones, with the same roles and triggers.
pub(crate) async fn make_naive(product: &Product) {
    let binary = std::env::current_exe().expect("a program").with_file_name("naive");
    let binary = std::fs::read(&binary).unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755)).expect("a zip");
    archive.write_all(&binary).expect("a zip");
    let zip = archive.finish().expect("a zip").into_inner();
    let client = Client::new(product.sdk());
    for function in ["notifications-update-inbox", "todos-publish"] {
        let change = client.update_function_code().function_name(format!("busline-{}-{function}", product.env()));
        change.zip_file(Blob::new(zip.clone())).send().await.expect("a function with code that can be changed");
    }
}

/// The ids of the processes of functions with this prefix of the name and this endpoint, which only this run has.
pub(crate) async fn running(prefix: &str, endpoint: &str) -> Vec<String> {
    // Both show each process's id, command and environment.
    let options: &[&str] =
        if cfg!(target_os = "macos") { &["-axEww", "-o", "pid=,command="] } else { &["axeww", "-o", "pid=,args="] };
    let listing = Command::new("ps").args(options).stdin(Stdio::null()).output().await.expect("ps runs").stdout;
    let listing = String::from_utf8_lossy(&listing);
    let name = format!("AWS_LAMBDA_FUNCTION_NAME={prefix}");
    let cloud = format!("AWS_ENDPOINT_URL={endpoint}");
    let of_run = listing.lines().filter(|line| line.contains(&name) && line.split(' ').any(|word| word == cloud));
    of_run.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

/// Kills a process; false when it had just ended.
pub(crate) async fn kill(process: &str) -> bool {
    let kill = Command::new("kill").args(["-9", process]).output().await.expect("kill runs");
    kill.status.success()
}
