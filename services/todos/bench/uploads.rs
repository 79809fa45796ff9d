//! Uploads: how long they take when they come at once, and how much memory the function takes that checks them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tests::image;
use tokio::task::JoinSet;

use super::attachment::Attachment;
use super::{SERVICE, TodosScenarios};
use crate::processes::FunctionMemory;
use crate::results::UploadFigures;

/// The number of files that are uploaded concurrently.
const AT_ONCE: usize = 200;
/// The maximum number of files of an item.
const MAX_FILES: usize = 20;
/// How long it may take until all are ready.
const DEADLINE: Duration = Duration::from_mins(10);
const PAUSE: Duration = Duration::from_millis(200);

/// Uploads many pictures at once, then the largest file, then the one with the most pixels. A peak of memory is the
/// highest of a process so far, so each picture needs more than those before.
pub(super) async fn measure(scenarios: &TodosScenarios) -> Result<Vec<UploadFigures>> {
    let small = image::noise_png(1000, 1000);
    let largest = image::noise_png(4150, 4192);
    let widest = image::wide_png(6320);
    Ok(vec![
        upload(scenarios, "pictures of 1 megapixel", &small, AT_ONCE).await?,
        upload(scenarios, "picture of 17 megapixels", &largest, 1).await?,
        upload(scenarios, "picture of 40 megapixels, 64 bits each, and a profile of 512 MiB", &widest, 1).await?,
    ])
}

async fn upload(scenarios: &TodosScenarios, what: &str, file: &[u8], count: usize) -> Result<UploadFigures> {
    let (user, product) = (&scenarios.user, scenarios.user.product());
    let mut attachments = Vec::with_capacity(count);
    while attachments.len() < count {
        let item = format!("/todos/{}", scenarios.create().await?);
        for _ in 0..MAX_FILES.min(count - attachments.len()) {
            attachments.push(Attachment::announce(user, &item, "picture.png", "image/png", file.len()).await);
        }
    }
    let start = Instant::now();
    let mut uploads = JoinSet::new();
    for attachment in attachments.clone() {
        let (product, file) = (product.clone(), file.to_vec());
        uploads.spawn(async move { attachment.form.upload(&product, &file).await });
    }
    while let Some(upload) = uploads.join_next().await {
        upload.context("an upload was refused")?;
    }
    let uploaded = start.elapsed();
    wait_until_ready(scenarios, &attachments, start).await?;
    let ready = start.elapsed();
    let memory = FunctionMemory::read(product, SERVICE, "check-attachment").await?;
    Ok(UploadFigures {
        what: what.to_owned(),
        uploads: count,
        bytes: file.len().try_into().unwrap_or(u64::MAX),
        uploaded_s: uploaded.as_secs_f64(),
        ready_s: ready.as_secs_f64(),
        processes: memory.peaks_mib.len(),
        peak_mib: memory.peaks_mib.into_iter().fold(0.0, f64::max),
        limit_mib: memory.limit_mib,
    })
}

async fn wait_until_ready(scenarios: &TodosScenarios, attachments: &[Attachment], start: Instant) -> Result<()> {
    for list in attachments.iter().map(Attachment::list_path).collect::<BTreeSet<_>>() {
        loop {
            let page = scenarios.user.api(SERVICE).get(list).expect(200).await;
            let count = |status: &str| {
                let all = page["items"].as_array().into_iter().flatten();
                all.filter(|attachment| attachment["status"] == status).count()
            };
            if count("rejected") > 0 {
                bail!("a picture was rejected: {page}");
            }
            if count("uploading") == 0 {
                break;
            }
            if start.elapsed() > DEADLINE {
                bail!("pictures were not ready within {DEADLINE:?}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}
