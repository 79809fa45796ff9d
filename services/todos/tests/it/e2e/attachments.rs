//! Files: announced, uploaded, looked at, kept or refused; and nothing left behind in the bucket.

mod forms;
mod refusals;

use super::attachment::{Attachment, object_keys};
use serde_json::{Value, json};
use tests::account::User;
use tests::image;
use tests::product::Product;
use tests::wait::eventually;

/// The most that a file may have.
const MOST: usize = 50 * 1024 * 1024;
/// The most that a function may hold which looks at pictures like these, in MiB: the largest file and its pixels. A colour
/// profile that one of them has would need 512 more.
const LOOKING_MIB: f64 = 256.0;

/// A path of a new item of a user.
pub(crate) async fn item_of(user: &User) -> String {
    let item = user.api("todos").post("/todos").json(&json!({"title": "Pack the bags"})).expect(201).await;
    format!("/todos/{}", item["id"].as_str().unwrap())
}

/// Announces and uploads a file to a new item, and waits for the outcome.
async fn attach(user: &User, name: &str, content_type: &str, file: &[u8]) -> (Attachment, Value) {
    let item = item_of(user).await;
    let announced = Attachment::announce(user, &item, name, content_type, file.len()).await;
    announced.form.upload(user.product(), file).await;
    let attachment = announced.wait_until_checked(user).await;
    (announced, attachment)
}

/// What the bucket holds of a user, once it holds so many objects.
async fn eventually_objects(user: &User, count: usize) -> Vec<String> {
    eventually(&format!("{count} objects of a user"), async || {
        let objects = object_keys(user).await;
        (objects.len() == count).then_some(objects)
    })
    .await
}

async fn download(product: &Product, url: &Value) -> reqwest::Response {
    let answer = product.http().get(url.as_str().expect("a link")).send().await.expect("S3 answers");
    assert_eq!(answer.status(), 200);
    answer
}

#[tokio::test]
async fn a_text_file_is_downloaded_as_it_was_uploaded() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let file = "Zahnbürste, Pass, Ladegerät\n".repeat(35);
    let (announced, attachment) =
        attach(&ann, "../../Ann\u{202e}'s \"list\"; ü.bat", "text/plain", file.as_bytes()).await;
    assert_eq!(attachment["status"], "ready");
    assert_eq!(attachment["name"], "Ann's \"list\"; ü.bat");
    assert_eq!((&attachment["bytes"], &attachment["picture"]), (&json!(file.len()), &json!(null)));
    assert_eq!((&attachment["reason"], &attachment["thumbnailUrl"]), (&json!(null), &json!(null)));

    let answer = download(&product, &attachment["downloadUrl"]).await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/plain; charset=utf-8");
    let disposition = "attachment; filename=\"Ann_s _list__ _.bat.txt\"; \
                       filename*=UTF-8''Ann%27s%20%22list%22%3B%20%C3%BC.bat.txt";
    assert_eq!(header("content-disposition"), disposition);
    assert_eq!(answer.text().await.unwrap(), file);

    let objects = eventually_objects(&ann, 1).await;
    assert!(objects[0].starts_with("files/") && objects[0].contains(&announced.id), "{objects:?}");
    let listed = ann.api("todos").get(announced.list_path()).expect(200).await;
    assert_eq!(listed["items"][0]["id"], attachment["id"]);
}

#[tokio::test]
async fn images_of_5_and_almost_50_mebibytes_get_a_thumbnail() {
    let product = Product::shared().await;
    let ann = product.user().await;
    for (width, height) in [(1300, 1300), (4150, 4192)] {
        let file = image::noise_png(width, height);
        assert!(file.len() <= MOST, "{} bytes", file.len());
        let (_, attachment) = attach(&ann, "noise.png", "image/png", &file).await;
        assert_eq!(attachment["status"], "ready", "{attachment}");
        assert_eq!(attachment["picture"], json!({"width": width, "height": height}));
        assert_eq!(attachment["bytes"], file.len());
        let answer = download(&product, &attachment["thumbnailUrl"]).await;
        assert_eq!(answer.headers()["content-type"], "image/jpeg");
        let thumbnail = answer.bytes().await.unwrap();
        assert!(thumbnail.starts_with(b"\xff\xd8\xff") && thumbnail.len() < 200_000, "{} bytes", thumbnail.len());
        assert_eq!(download(&product, &attachment["downloadUrl"]).await.bytes().await.unwrap(), file);
    }
    eventually_objects(&ann, 4).await;
}

#[tokio::test]
async fn a_large_colour_profile_of_an_image_uses_no_memory() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let file = image::wide_png(1000);
    let (_, attachment) = attach(&ann, "wide.png", "image/png", &file).await;
    assert_eq!(attachment["picture"], json!({"width": 1000, "height": 1000}));
    let peaks = product.peak_memory_mib("todos", "check-attachment");
    println!("a picture of {} bytes; peaks of check-attachment in MiB: {peaks:.1?}", file.len());
    assert!(!peaks.is_empty() && peaks.iter().all(|&peak| peak < LOOKING_MIB), "{peaks:?}");
}

#[tokio::test]
async fn a_ready_file_is_announced_on_the_bus() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut events = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let (announced, _) = attach(&ann, "dot.png", "image/png", &image::black_png(8)).await;
    ann.api("todos").delete(&announced.path).expect(204).await;
    let heard = events.until(1, "AttachmentDeleted.v1").await.to_vec();
    let of = |kind: &str| heard.iter().find(|event| event["detail-type"] == kind).cloned().unwrap_or_default();
    let (created, ready, deleted) = (of("TodoCreated.v1"), of("AttachmentReady.v1"), of("AttachmentDeleted.v1"));
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert_eq!(ready["detail"]["data"]["picture"], json!({"width": 8, "height": 8}));
    assert_eq!(ready["detail"]["data"]["todoId"], created["detail"]["data"]["todoId"]);
    assert_eq!(ready["detail"]["metadata"]["subject"], announced.id);
    assert_eq!(
        (&ready["detail"]["metadata"]["sequence"], &deleted["detail"]["metadata"]["sequence"]),
        (&json!(2), &json!(3))
    );
    eventually_objects(&ann, 0).await;
}

#[tokio::test]
async fn purging_an_item_deletes_its_files() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let item = item_of(&ann).await;
    let mut announced = Vec::new();
    for content in ["one", "two"] {
        let one = Attachment::announce(&ann, &item, "note.txt", "text/plain", content.len()).await;
        one.form.upload(&product, content.as_bytes()).await;
        one.wait_until_checked(&ann).await;
        announced.push(one);
    }
    let late = Attachment::announce(&ann, &item, "late.txt", "text/plain", 4).await;
    eventually_objects(&ann, 2).await;
    ann.api("todos").delete(&item).expect(204).await;
    ann.api("todos").get(&announced[0].path).expect_problem(404, "not-found").await;
    ann.api("todos").delete(&announced[0].path).expect_problem(404, "not-found").await;
    ann.api("todos").post(&format!("{item}/restore")).expect(200).await;
    let kept = ann.api("todos").get(&format!("{item}/attachments")).expect(200).await;
    assert_eq!(kept["items"].as_array().unwrap().len(), 3, "a restored item has its files: {kept}");
    ann.api("todos").delete(&item).expect(204).await;
    ann.api("todos").post(&format!("{item}/purge")).expect(204).await;
    eventually_objects(&ann, 0).await;
    ann.api("todos").get(&format!("{item}/attachments")).expect_problem(404, "not-found").await;
    eventually("attachments that are gone", async || {
        (ann.api("todos").get(&announced[0].path).send().await.status == 404).then_some(())
    })
    .await;

    // The form still works for five minutes; what it brings is swept away.
    late.form.upload(&product, b"late").await;
    eventually_objects(&ann, 0).await;
    let body = json!({"name": "more.txt", "contentType": "text/plain", "bytes": 1});
    ann.api("todos").post(&format!("{item}/attachments")).json(&body).expect_problem(404, "not-found").await;
}

#[tokio::test]
async fn an_item_has_at_most_twenty_files_also_with_concurrent_requests() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let item = item_of(&ann).await;
    let path = format!("{item}/attachments");
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..26 {
        let body = json!({"name": "x.txt", "contentType": "text/plain", "bytes": 1});
        calls.spawn(ann.api("todos").post(&path).json(&body).send());
    }
    let answers: Vec<u16> = calls.join_all().await.iter().map(|answer| answer.status).collect();
    let count = |status| answers.iter().filter(|&&answer| answer == status).count();
    let listed = ann.api("todos").get(&path).expect(200).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), count(201), "{answers:?}");
    // One that meets too many others may be told to try again.
    assert_eq!(count(201) + count(409), 26, "{answers:?}");
    for _ in count(201)..20 {
        Attachment::announce(&ann, &item, "x.txt", "text/plain", 1).await;
    }
    let body = json!({"name": "x.txt", "contentType": "text/plain", "bytes": 1});
    ann.api("todos").post(&path).json(&body).expect_problem(409, "too-many-attachments").await;
    let one = listed["items"][0]["id"].as_str().unwrap();
    assert_eq!(ann.api("todos").get(&format!("{item}/attachments/{one}")).expect(200).await["id"], *one);
    ann.api("todos").delete(&format!("{item}/attachments/{one}")).expect(204).await;
    ann.api("todos").post(&path).json(&body).expect(201).await;
    ann.api("todos").post(&path).json(&body).expect_problem(409, "too-many-attachments").await;
}

#[tokio::test]
async fn the_attachment_of_another_user_is_404_on_every_route() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let (announced, _) = attach(&ann, "a.txt", "text/plain", b"a").await;
    let all = announced.list_path();
    let body = json!({"name": "x.txt", "contentType": "text/plain", "bytes": 1});
    let bobs = bob.api("todos");
    for call in [bobs.get(&announced.path), bobs.delete(&announced.path), bobs.get(all), bobs.post(all).json(&body)] {
        call.expect_problem(404, "not-found").await;
    }
    // Nor under one of his items.
    let under_his = format!("{}/attachments/{}", item_of(&bob).await, announced.id);
    bobs.get(&under_his).expect_problem(404, "not-found").await;
    bobs.delete(&under_his).expect_problem(404, "not-found").await;
    assert_eq!(ann.api("todos").get(&announced.path).expect(200).await["status"], "ready");
}
