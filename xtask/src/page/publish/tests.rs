use tokio::task::{self, LocalSet};

use super::*;
use crate::change_set::{StackChanger, TemplateSource};
use crate::cloud::LocalCloud;
use crate::home::Home;
use crate::python::Python;
use crate::stacks::Stacks;
use crate::template::Template;

fn files(entries: &[(&str, &str)]) -> BTreeMap<String, File> {
    let file = |body: &str| File { body: body.into(), kind: "text/plain" };
    entries.iter().map(|(key, body)| ((*key).to_owned(), file(body))).collect()
}

#[test]
fn a_release_depends_on_every_name_and_every_byte() {
    let one = release(&files(&[("a", "1"), ("b", "2")]));
    assert_eq!(one, release(&files(&[("a", "1"), ("b", "2")])));
    assert_ne!(one, release(&files(&[("a", "1"), ("c", "2")])));
    assert_ne!(one, release(&files(&[("a", "1"), ("b", "3")])));
}

#[test]
fn browsers_cache_only_files_with_a_hash_in_their_names() {
    assert!(caching("assets/index-B2x8.js").contains("immutable"));
    assert_eq!(caching("index.html"), "no-cache");
    assert_eq!(caching("favicon.svg"), "no-cache");
}

#[test]
fn a_file_of_an_unknown_type_is_refused_by_name() {
    assert_eq!(kind("assets/a.b.css").unwrap(), "text/css; charset=utf-8");
    let refused = kind("assets/a.wasm").unwrap_err().to_string();
    assert!(refused.contains("assets/a.wasm") && refused.contains(".wasm"), "{refused}");
}

/// Deploys the page's stack to the local cloud, without services.
async fn deploy(target: &Target, repo: &Path, domain: &[(&str, &str)]) -> Result<()> {
    let stacks = Stacks::discover(repo)?;
    let [stack] = stacks.select(&[WEB.to_owned()])?[..] else { bail!("no stack of the page") };
    let template = TemplateSource::Inline(Template::read(repo, stack, &[])?.body);
    let port = target.cloud.context("it is local")?.port.to_string();
    let fixed = [("Env", target.env.as_str()), ("LocalPort", &port)];
    let parameters = fixed.iter().chain(domain);
    let parameters = parameters.map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (changer, step) = (StackChanger::new(target, "busline-local-web"), Step::start(WEB));
    let change_set = changer.propose(template, &parameters, &step).await?.context("nothing changes")?;
    changer.execute(&change_set, &step).await
}

#[tokio::test]
async fn a_first_deployment_with_a_domain_that_points_nowhere_yet_is_published() {
    let repo = Home::find().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let home = repo.beside(folder.path().join("cloud"));
    let python = Python::ready(&repo).await.unwrap();
    let local = LocalCloud::new(&home);
    let target = Target::local(local.start(&python, None).await.unwrap());
    let dist = folder.path().join("dist");
    fs::create_dir(&dist).unwrap();
    fs::write(dist.join(INDEX), "<!doctype html><title>page</title>").unwrap();
    // As a task, so that the local cloud is stopped also after a failure.
    let work = async move {
        let certificate = "arn:aws:acm:us-east-1:000000000000:certificate/a";
        let domain = [("DomainName", "todo.busline.invalid"), ("CertificateArn", certificate)];
        deploy(&target, &repo.repo, &domain).await.unwrap();
        publish(&target, &[], &dist).await.unwrap();
        Status::read(&target, &[]).await.unwrap().web
    };
    let work = Box::pin(work);
    let outcome = LocalSet::new().run_until(async { task::spawn_local(work).await }).await;
    local.kill().await.unwrap();
    assert_eq!(outcome.unwrap().as_deref(), Some("https://todo.busline.invalid"));
}
