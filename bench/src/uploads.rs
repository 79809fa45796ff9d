//! Uploads: how long they take when they come at once, and how much memory the function takes that looks at them.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tests::account::User;
use tests::picture;
use tests::product::Product;
use tests::upload::Announced;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::figures::UploadFigures;
use crate::scene::create;

/// Uploads at once.
const AT_ONCE: usize = 200;
/// The most files that an item has.
const A_FULL_ITEM: usize = 20;
/// How long it may take until all are ready.
const PATIENCE: Duration = Duration::from_mins(10);
const PAUSE: Duration = Duration::from_millis(200);

/// Uploads many pictures at once, then the largest file, then the most pixels. The peak of memory is that of the process
/// that took the most so far, so each row is a picture that needs more than those before.
///
/// # Errors
/// When a picture is refused, or is not ready in time.
pub(crate) async fn measure(product: &Product, user: &User) -> Result<Vec<UploadFigures>> {
    let small = picture::noise(1000, 1000);
    let largest = picture::noise(4150, 4192);
    let widest = picture::wide(6320);
    Ok(vec![
        round(product, user, "pictures of 1 megapixel", &small, AT_ONCE).await?,
        round(product, user, "picture of 17 megapixels", &largest, 1).await?,
        round(product, user, "picture of 40 megapixels, 64 bits each, and a profile of 512 MiB", &widest, 1).await?,
    ])
}

async fn round(product: &Product, user: &User, what: &str, file: &[u8], count: usize) -> Result<UploadFigures> {
    let mut announced = Vec::with_capacity(count);
    while announced.len() < count {
        let item = format!("/todos/{}", create(user).await?);
        for _ in 0..A_FULL_ITEM.min(count - announced.len()) {
            announced.push(Announced::new(user, &item, "picture.png", "image/png", file.len()).await);
        }
    }
    let begun = Instant::now();
    let mut uploads = JoinSet::new();
    for one in announced.clone() {
        let (product, file) = (product.clone(), file.to_vec());
        uploads.spawn(async move { one.form.upload(&product, &file).await });
    }
    while let Some(upload) = uploads.join_next().await {
        upload.context("an upload was refused")?;
    }
    let uploaded = begun.elapsed();
    all_ready(user, &announced, begun).await?;
    let ready = begun.elapsed();
    let processes = peaks(product).await?;
    Ok(UploadFigures {
        what: what.to_owned(),
        uploads: count,
        bytes: file.len().try_into().unwrap_or(u64::MAX),
        uploaded_s: uploaded.as_secs_f64(),
        ready_s: ready.as_secs_f64(),
        processes: processes.len(),
        peak_mib: processes.into_iter().fold(0.0, f64::max),
    })
}

async fn all_ready(user: &User, announced: &[Announced], begun: Instant) -> Result<()> {
    for item in announced.iter().map(Announced::list_path).collect::<std::collections::BTreeSet<_>>() {
        loop {
            let listed = user.todos().get(item).expect(200).await;
            let is = |status: &str| {
                let all = listed["items"].as_array().into_iter().flatten();
                all.filter(|attachment| attachment["status"] == status).count()
            };
            if is("rejected") > 0 {
                bail!("a picture was refused: {listed}");
            }
            if is("uploading") == 0 {
                break;
            }
            if begun.elapsed() > PATIENCE {
                bail!("pictures were not ready within {PATIENCE:?}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// The most memory that each process of the function has held, in MiB.
async fn peaks(product: &Product) -> Result<Vec<f64>> {
    // Both show each process's id, memory, command and environment.
    let options: &[&str] = if cfg!(target_os = "macos") {
        &["-axEww", "-o", "pid=,rss=,command="]
    } else {
        &["axeww", "-o", "pid=,rss=,args="]
    };
    let listing = Command::new("ps").args(options).stdin(Stdio::null()).output().await.context("cannot run ps")?;
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    let name = format!("AWS_LAMBDA_FUNCTION_NAME=busline-{}-todos-check-attachment", product.env());
    let cloud = format!("AWS_ENDPOINT_URL={}", product.endpoint().trim_end_matches('/'));
    let is_ours = |line: &&str| {
        let has = |wanted: &str| line.split(' ').any(|word| word.trim_end_matches('/') == wanted);
        has(&name) && has(&cloud)
    };
    let mut peaks = Vec::new();
    for line in listing.lines().filter(is_ours) {
        let mut words = line.split_whitespace();
        let (id, now) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        // Linux alone remembers a process's peak; elsewhere what it still holds stands for it.
        let status = tokio::fs::read_to_string(format!("/proc/{id}/status")).await.unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
        let kib: f64 = peak.unwrap_or(now).parse().with_context(|| format!("no memory in the listing: {now}"))?;
        peaks.push(kib / 1024.0);
    }
    if peaks.is_empty() {
        bail!("no process of the function is there");
    }
    Ok(peaks)
}
