//! Upload forms and links: good for one file, one key, one type, and a few minutes; and uploads that come again.

use crate::e2e::attachment::{Attachment, files_bucket, object_keys};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::presigned_post::PresignedPost;
use tests::product::Product;
use tests::signature::hmac;

use crate::e2e::attachments::{attach, eventually_objects, item_of};

#[tokio::test]
async fn a_changed_upload_form_is_refused() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let hers = Attachment::announce(&ann, &item_of(&ann).await, "a.txt", "text/plain", 1).await.form;
    let his = Attachment::announce(&bob, &item_of(&bob).await, "b.txt", "text/plain", 1).await.form;
    let his_key = his.field("key").to_owned();
    let longer = with_policy(&his, |policy| policy["expiration"] = json!("2099-01-01T00:00:00.000Z"));
    let larger = with_policy(&his, |policy| {
        let conditions = policy["conditions"].as_array_mut().unwrap();
        conditions.retain(|condition| condition[0] != "content-length-range");
    });
    let signature = his.field("x-amz-signature").replace(['0', '1', '2', '3', '4', '5', '6', '7'], "8");
    for (attack, form) in [
        ("her key in his form", his.clone().with("key", hers.field("key"))),
        ("a key that no form has", his.clone().with("key", "uploads/any")),
        ("the key of a file that is kept", his.clone().with("key", &his_key.replace("uploads/", "files/"))),
        ("a name in the key", his.clone().with("key", &format!("{his_key}${{filename}}"))),
        ("another type", his.clone().with("Content-Type", "text/html")),
        ("no type", his.clone().without("Content-Type")),
        ("one more field", his.clone().with("acl", "public-read")),
        ("a field for browsers", his.clone().with("Content-Disposition", "inline")),
        ("a longer life", longer),
        ("a larger file", larger),
        ("another signature", his.clone().with("x-amz-signature", &signature)),
        ("her signature", his.clone().with("x-amz-signature", hers.field("x-amz-signature"))),
        ("no signature", his.clone().without("x-amz-signature")),
        ("no session", his.clone().without("x-amz-security-token")),
        ("no policy", his.clone().without("policy")),
    ] {
        let (status, said) = form.send(&product, b"x").await;
        assert!(matches!(status, 400 | 403), "{attack}: {status} {said}");
    }
    assert_eq!(object_keys(&ann).await, [""; 0]);
    assert_eq!(object_keys(&bob).await, [""; 0]);
    his.upload(&product, b"x").await;
}

#[tokio::test]
async fn an_expired_upload_form_or_download_link_is_refused() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let announced = Attachment::announce(&ann, &item_of(&ann).await, "a.txt", "text/plain", 1).await;
    let form = announced.form;
    let ends: Timestamp = policy(&form)["expiration"].as_str().unwrap().parse().unwrap();
    let left = ends.duration_since(Timestamp::now());
    assert!(left <= SignedDuration::from_mins(5) && left > SignedDuration::from_mins(4), "{left:?}");

    let over = signed_by_root(&product, form.field("key"), Timestamp::now() - SignedDuration::from_secs(1));
    let (status, said) = over.send(&product, b"x").await;
    assert_eq!(status, 403, "{said}");
    // The same, still good: it was the time that was wrong.
    let good = signed_by_root(&product, form.field("key"), Timestamp::now() + SignedDuration::from_mins(1));
    good.upload(&product, b"x").await;

    let (_, attachment) = attach(&ann, "b.txt", "text/plain", b"b").await;
    let link = attachment["downloadUrl"].as_str().unwrap();
    assert!(link.contains("X-Amz-Expires=300"), "{link}");
    let longer = link.replace("X-Amz-Expires=300", "X-Amz-Expires=3000");
    let inline = link.replace("attachment%3B", "inline%3B");
    let bare = link.split('?').next().unwrap().to_owned();
    for other in [longer, inline, bare] {
        assert_ne!(other, link);
        let answer = product.http().get(&other).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{other}");
    }
}

#[tokio::test]
async fn a_repeated_upload_is_stored_once() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut events = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let (announced, first) = attach(&ann, "a.txt", "text/plain", b"first").await;
    let kept = eventually_objects(&ann, 1).await;
    for again in [b"first".as_slice(), b"other", b"\0"] {
        announced.form.upload(&product, again).await;
        assert_eq!(eventually_objects(&ann, 1).await, kept);
    }
    let attachment = ann.api("todos").get(&announced.path).expect(200).await;
    assert_eq!((&attachment["status"], &attachment["bytes"]), (&first["status"], &json!(5)));
    ann.api("todos").delete(&announced.path).expect(204).await;
    let heard = events.until(1, "AttachmentDeleted.v1").await;
    let types: Vec<&str> = heard.iter().map(|event| event["detail-type"].as_str().unwrap()).collect();
    assert_eq!(types, ["TodoCreated.v1", "AttachmentReady.v1", "AttachmentDeleted.v1"]);
    eventually_objects(&ann, 0).await;
}

#[tokio::test]
async fn two_concurrent_uploads_to_one_key_become_one_file() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let announced = Attachment::announce(&ann, &item_of(&ann).await, "a.txt", "text/plain", 28).await;
    let (one, two) = (b"this one".as_slice(), b"or that one, which is longer".as_slice());
    tokio::join!(announced.form.upload(&product, one), announced.form.upload(&product, two));
    let attachment = announced.wait_until_checked(&ann).await;
    let bytes = attachment["bytes"].as_u64().unwrap();
    assert!(bytes == one.len() as u64 || bytes == two.len() as u64, "{attachment}");
    eventually_objects(&ann, 1).await;
    let link = attachment["downloadUrl"].as_str().unwrap();
    let file = product.http().get(link).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(file.len() as u64, bytes, "the row speaks of the file that is there");
}

fn policy(form: &PresignedPost) -> Value {
    serde_json::from_slice(&STANDARD.decode(form.field("policy")).unwrap()).unwrap()
}

fn with_policy(form: &PresignedPost, change: impl Fn(&mut Value)) -> PresignedPost {
    let mut policy = policy(form);
    change(&mut policy);
    form.clone().with("policy", &STANDARD.encode(policy.to_string()))
}

/// A form that ends at `expiration`, signed with the account's own keys.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>
fn signed_by_root(product: &Product, key: &str, expiration: Timestamp) -> PresignedPost {
    let bucket = files_bucket(product);
    let region = product.sdk().region().unwrap().to_string();
    let date = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let fields = [
        ("key", key.to_owned()),
        ("Content-Type", "text/plain".to_owned()),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("x-amz-credential", format!("test/{}/{region}/s3/aws4_request", &date[..8])),
        ("x-amz-date", date.clone()),
    ];
    let mut conditions: Vec<Value> = fields.iter().map(|(name, value)| json!({*name: value})).collect();
    conditions.push(json!({"bucket": bucket}));
    let policy = json!({"expiration": format!("{expiration:.3}"), "conditions": conditions});
    let policy = STANDARD.encode(policy.to_string());
    let parts = [&date[..8], &region, "s3", "aws4_request", &policy];
    let signature = parts.iter().fold(b"AWS4test".to_vec(), |key, part| hmac(&key, part.as_bytes()).to_vec());
    let signature = signature.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let form = PresignedPost {
        url: format!("{}/{bucket}", product.endpoint().trim_end_matches('/')),
        fields: fields.map(|(name, value)| (name.to_owned(), value)).to_vec(),
    };
    form.with("policy", &policy).with("x-amz-signature", &signature)
}
