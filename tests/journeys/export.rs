//! Export: everything of a user from every service, as one archive that they alone can download.

mod ends;
mod limits;

use std::io::{Cursor, Read};
use std::time::{Duration, Instant};

use crate::attachment::Attachment;
use serde_json::{Value, json};
use tests::account::User;
use tests::email::Email;
use tests::image;
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;
use zip::ZipArchive;

/// How long an export may take: a large one is copied, packed and uploaded by functions that share two cores.
const TIMEOUT: Duration = Duration::from_mins(10);
/// The most that a function may hold which packs an archive, in MiB. One that held the largest file whole would need 50
/// beside the 30 that it begins with.
const PACKING_MIB: f64 = 80.0;

#[tokio::test]
async fn an_archive_contains_all_data_of_its_user_and_none_of_another_user() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let (anns, bobs) = (live(&ann).await, live(&bob).await);
    ann.api("users").get("/me/export").expect(204).await;

    let asked = ann.api("users").post("/me/export").expect(202).await;
    assert_eq!(
        (&asked["status"], &asked["downloadUrl"], &asked["bytes"]),
        (&json!("preparing"), &json!(null), &json!(null))
    );
    let ready = ready(&ann).await;
    assert_eq!(ready["id"], asked["id"]);

    let archive = Archive::download(&product, &ready).await;
    assert_eq!(json!(archive.bytes), ready["bytes"]);
    let profile = archive.rows("users/users-1.json", "profile");
    assert_eq!((&profile[0]["email"], &profile[0]["displayName"]), (&json!(ann.account.email), &json!(anns.mark)));
    let mut items = archive.rows("todos/todos-1.json", "todo");
    items.sort_by_key(|item| item["title"].to_string());
    assert_eq!(items.len(), 2, "{items:?}");
    assert_eq!((&items[0]["title"], &items[0]["notes"]), (&json!(format!("{} one", anns.mark)), &json!(anns.mark)));
    assert!(items[1]["completedAt"].is_string(), "{items:?}");
    assert_eq!((&items[0]["status"], &items[1]["status"]), (&json!("open"), &json!("completed")));
    let files = archive.rows("todos/todos-1.json", "file");
    assert_eq!((&files[0]["id"], &files[0]["name"]), (&json!(anns.file), &json!(format!("{}.txt", anns.mark))));
    assert_eq!((&files[0]["bytes"], &files[0]["status"]), (&json!(anns.mark.len()), &json!("ready")));
    assert_eq!(archive.file(&format!("todos/files/{}/{}.txt", anns.file, anns.mark)), anns.mark.as_bytes());
    let preferences = archive.rows("notifications/notifications-1.json", "preferences");
    assert_eq!(preferences[0]["digestHour"], 19);
    let agenda = archive.rows("notifications/notifications-1.json", "agenda");
    assert!(agenda.iter().all(|row| items.iter().any(|item| item["id"] == row["id"])), "{agenda:?}");
    let entries = archive.rows("notifications/notifications-1.json", "todo-completed");
    assert_eq!(entries[0]["about"], format!("{} two", anns.mark));

    let bob_id = bob.id.to_string();
    for (name, content) in &archive.files {
        assert!(!name.contains(".."), "{name}");
        let text = String::from_utf8_lossy(content);
        for foreign in [&bob_id, &bob.account.email, &bobs.mark] {
            assert!(!name.contains(foreign) && !text.contains(foreign), "{foreign} in {name}");
        }
        assert!(!text.contains(&ann.tokens.refresh_token), "no session in {name}");
    }
    bob.api("users").get("/me/export").expect(204).await;
}

#[tokio::test]
async fn the_export_email_and_entry_link_to_the_page_and_contain_no_archive() {
    let product = Product::shared().await;
    let ann = product.user().await;
    ann.api("users").patch("/me").json(&json!({"locale": "de-CH", "timeZone": "Europe/Zurich"})).expect(200).await;
    eventually("an inbox in German", async || {
        let inbox = ann.api("notifications").get("/notifications").expect(200).await;
        inbox["items"][0]["title"].as_str()?.starts_with("Willkommen").then_some(())
    })
    .await;
    ann.api("users").post("/me/export").expect(202).await;
    ready(&ann).await;

    let mail = eventually("the mail", async || mails(&ann).await.pop()).await;
    let (text, html) = (mail.body_text.clone().unwrap(), mail.body_html.clone().unwrap());
    assert_eq!(mail.subject, "Das Archiv Ihrer Daten ist bereit");
    assert!(text.starts_with("Hallo ") && text.contains("Uhr (Europe/Zurich)"), "{text}");
    assert!(html.contains("<html lang=\"de\">") && html.contains("Zum Download"), "{html}");
    let page = format!("{}/export", product.web());
    for body in [&text, &html] {
        assert!(body.contains(&page), "{body}");
        assert!(!body.contains("X-Amz") && !body.contains("archives/"), "whoever reads the mail must sign in: {body}");
    }
    assert!(mail.headers.iter().all(|header| !header.name.starts_with("List-")), "it comes once: {mail:?}");
    let entry = eventually("an entry", async || {
        let inbox = ann.api("notifications").get("/notifications").expect(200).await;
        inbox["items"].as_array().unwrap().iter().find(|entry| entry["kind"] == "export-ready").cloned()
    })
    .await;
    assert_eq!((&entry["title"], &entry["todoId"]), (&json!("Das Archiv Ihrer Daten ist bereit"), &json!(null)));
    assert_eq!(mails(&ann).await.len(), 1);
}

#[tokio::test]
async fn the_largest_file_is_archived_in_limited_memory() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let file = image::noise_png(4150, 4192);
    let announced = attach(&ann, &item(&ann, "photo").await, "photo.png", "image/png", &file).await;
    let begun = Instant::now();
    ann.api("users").post("/me/export").expect(202).await;
    let ready = ready(&ann).await;
    let took = begun.elapsed();
    let peaks: Vec<f64> = product.peak_memory_mib("users", "participant-exported").into_iter().collect();
    println!("an archive of {} bytes took {took:?}; peaks of its functions in MiB: {peaks:.1?}", ready["bytes"]);
    assert!(!peaks.is_empty() && peaks.iter().all(|&peak| peak < PACKING_MIB), "{peaks:?}");
    let archive = Archive::download(&product, &ready).await;
    assert!(archive.file(&format!("todos/files/{}/photo.png", announced.id)) == file, "the picture, byte for byte");
}

/// The data of a user, and the mark in all of it.
pub(crate) struct Life {
    mark: String,
    /// The id of an attachment.
    file: String,
}

/// Two items, one of them completed, the other with a file; a name; preferences; an inbox.
pub(crate) async fn live(user: &User) -> Life {
    let mark = Uuid::new_v4().to_string();
    user.api("users").patch("/me").json(&json!({"displayName": mark})).expect(200).await;
    user.api("notifications").patch("/preferences").json(&json!({"digestHour": 19})).expect(200).await;
    let one = item(user, &mark).await;
    let two = user.api("todos").post("/todos").json(&json!({"title": format!("{mark} two")})).expect(201).await;
    user.api("todos").post(&format!("/todos/{}/complete", two["id"].as_str().unwrap())).expect(200).await;
    let file = attach(user, &one, &format!("{mark}.txt"), "text/plain", mark.as_bytes()).await.id;
    eventually("an inbox that knows it all", async || {
        let inbox = user.api("notifications").get("/notifications").expect(200).await;
        let kinds: Vec<_> = inbox["items"].as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect();
        ["todo-completed", "attachment-ready"].iter().all(|kind| kinds.contains(&json!(kind))).then_some(())
    })
    .await;
    Life { mark, file }
}

async fn item(user: &User, mark: &str) -> String {
    let body = json!({"title": format!("{mark} one"), "notes": mark});
    format!("/todos/{}", user.api("todos").post("/todos").json(&body).expect(201).await["id"].as_str().unwrap())
}

async fn attach(user: &User, item: &str, name: &str, content_type: &str, file: &[u8]) -> Attachment {
    let announced = Attachment::announce(user, item, name, content_type, file.len()).await;
    announced.form.upload(user.product(), file).await;
    assert_eq!(announced.wait_until_checked(user).await["status"], "ready");
    announced
}

/// The user's newest export, once it is ready.
pub(crate) async fn ready(user: &User) -> Value {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let export = user.api("users").get("/me/export").expect(200).await;
        if export["status"] == "ready" {
            return export;
        }
        assert!(Instant::now() < deadline, "still {export}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

async fn mails(user: &User) -> Vec<Email> {
    let mails = user.product().emails_to(&user.account.email).await.into_iter();
    mails.filter(|mail| mail.subject.contains("Archiv") || mail.subject.contains("archive")).collect()
}

/// The files of an archive by their names.
pub(crate) struct Archive {
    bytes: usize,
    files: Vec<(String, Vec<u8>)>,
}

impl Archive {
    /// Downloads it as a browser does: by its address alone.
    pub(crate) async fn download(product: &Product, export: &Value) -> Self {
        let url = export["downloadUrl"].as_str().expect("a link");
        assert!(url.contains("X-Amz-Expires=300"), "five minutes");
        let answer = product.http().get(url).send().await.expect("S3 answers");
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-disposition"), "attachment; filename=\"busline-export.zip\"");
        assert_eq!(header("content-type"), "application/zip");
        let bytes = answer.bytes().await.expect("the archive has an end");
        let mut archive = ZipArchive::new(Cursor::new(&bytes)).expect("an archive");
        let files = (0..archive.len()).map(|index| {
            let mut file = archive.by_index(index).expect("a file");
            let mut content = Vec::new();
            file.read_to_end(&mut content).expect("a file with the right checksum");
            (file.name().expect("a name in UTF-8").into_owned(), content)
        });
        Self { bytes: bytes.len(), files: files.collect() }
    }

    fn file(&self, name: &str) -> &[u8] {
        let names: Vec<_> = self.files.iter().map(|(name, _)| name).collect();
        let found = self.files.iter().find(|(file, _)| file == name);
        &found.unwrap_or_else(|| panic!("{name} is not among {names:?}")).1
    }

    /// The rows of a kind in a file of rows.
    fn rows(&self, name: &str, kind: &str) -> Vec<Value> {
        let rows: Vec<Value> = serde_json::from_slice(self.file(name)).expect("rows in JSON");
        rows.into_iter().filter(|row| row["kind"] == kind).collect()
    }
}
