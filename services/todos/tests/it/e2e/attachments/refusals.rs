//! What is refused: by the API, by S3, and after a look at what came.

use crate::e2e::attachment::{Attachment, object_keys};
use serde_json::json;
use tests::image;
use tests::product::Product;

use crate::e2e::attachments::{MOST, attach, eventually_objects, item_of};

#[tokio::test]
async fn a_file_of_51_mebibytes_is_refused_by_the_api_and_the_bucket() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let item = item_of(&ann).await;
    let body = json!({"name": "large.txt", "contentType": "text/plain", "bytes": MOST + 1});
    let path = format!("{item}/attachments");
    let problem = ann.api("todos").post(&path).json(&body).expect_problem(400, "invalid-request").await;
    assert_eq!(problem["errors"][0]["field"], "bytes");

    let announced = Attachment::announce(&ann, &item, "large.txt", "text/plain", MOST).await;
    let (status, said) = announced.form.send(&product, &vec![b'x'; 51 * 1024 * 1024]).await;
    assert_eq!(status, 400);
    assert!(said.contains("EntityTooLarge"), "{said}");
    let (status, said) = announced.form.send(&product, b"").await;
    assert!(status == 400 && said.contains("EntityTooSmall"), "{status}: {said}");
    assert_eq!(object_keys(&ann).await, [""; 0]);
    assert_eq!(ann.api("todos").get(&announced.path).expect(200).await["status"], "uploading");
}

#[tokio::test]
async fn a_file_that_is_larger_than_announced_is_refused() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let announced = Attachment::announce(&ann, &item_of(&ann).await, "small.txt", "text/plain", 4).await;
    let (status, said) = announced.form.send(&product, b"large").await;
    assert!(status == 400 && said.contains("EntityTooLarge"), "{status}: {said}");
    assert_eq!(object_keys(&ann).await, [""; 0]);
    announced.form.upload(&product, b"tiny").await;
    assert_eq!(announced.wait_until_checked(&ann).await["status"], "ready");
}

#[tokio::test]
async fn a_file_that_does_not_match_its_type_is_deleted_and_reported() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut events = product
        .listen(json!({"detail-type": ["AttachmentRejected.v1"], "detail": {"data": {"ownerId": [ann.id]}}}))
        .await;
    let dot = image::black_png(8);
    let archive = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
    let page = b"<!DOCTYPE html><script>alert(1)</script>";
    let document = b"%PDF-1.7\n%%EOF\n";
    let cases: [(&str, &str, Vec<u8>, &str); 12] = [
        ("setup.png", "image/png", b"MZ\x90\0\x03\0\0\0".to_vec(), "wrong-type"),
        ("logo.png", "image/png", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "wrong-type"),
        ("dot.jpg", "image/jpeg", dot.clone(), "wrong-type"),
        ("bomb.png", "image/png", image::black_png(30_000), "too-many-pixels"),
        ("long.png", "image/png", image::black_png(12_001), "too-many-pixels"),
        ("cut.png", "image/png", dot[..dot.len() - 5].to_vec(), "broken"),
        ("archive.png", "image/png", [dot.as_slice(), &archive].concat(), "unsafe"),
        ("page.png", "image/png", [dot.as_slice(), page].concat(), "unsafe"),
        ("page.txt", "text/plain", page.to_vec(), "unsafe"),
        ("binary.txt", "text/plain", vec![0; 64], "wrong-type"),
        ("page.pdf", "application/pdf", [page, document.as_slice()].concat(), "unsafe"),
        ("archive.pdf", "application/pdf", [document.as_slice(), &archive].concat(), "unsafe"),
    ];
    let count = cases.len();
    for (name, content_type, file, reason) in cases {
        let (_, attachment) = attach(&ann, name, content_type, &file).await;
        assert_eq!((&attachment["status"], &attachment["reason"]), (&json!("rejected"), &json!(reason)), "{name}");
        assert_eq!((&attachment["downloadUrl"], &attachment["thumbnailUrl"]), (&json!(null), &json!(null)), "{name}");
    }
    let heard = events.until(count, "AttachmentRejected.v1").await;
    assert_eq!(heard[0]["detail"]["data"]["reason"], "wrong-type");
    eventually_objects(&ann, 0).await;
}

#[tokio::test]
async fn invalid_names_and_types_are_refused_by_field() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let path = format!("{}/attachments", item_of(&ann).await);
    for (name, content_type, field) in [
        ("..", "image/png", "name"),
        ("a/", "image/png", "name"),
        ("", "image/png", "name"),
        ("logo.svg", "image/svg+xml", "contentType"),
        ("page.html", "text/html", "contentType"),
        ("setup.exe", "application/octet-stream", "contentType"),
    ] {
        let body = json!({"name": name, "contentType": content_type, "bytes": 1});
        let problem = ann.api("todos").post(&path).json(&body).expect_problem(400, "invalid-request").await;
        assert_eq!(problem["errors"][0]["field"], field, "{name}");
    }
}
