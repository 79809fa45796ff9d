//! Packs the parts of an export into one archive, with memory that does not grow with the archive.
//!
//! Packed bytes are uploaded as soon as they fill one part of a multipart upload.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use crate::domain::export::Export;
use crate::exports_bucket::{ExportsBucket, ExportsBucketError, archive_key, call, parts};

/// The size of an uploaded part: S3 requires at least 5 MiB, and allows 10,000 parts, which is 80 GiB.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const UPLOAD_PART: usize = 8 * 1024 * 1024;

/// The packed bytes that are not uploaded yet.
#[derive(Clone, Debug, Default)]
struct PackedBytes(Arc<Mutex<Vec<u8>>>);

impl Write for PackedBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl PackedBytes {
    /// Takes the bytes, if there are at least `min`.
    fn take(&self, min: usize) -> Option<Vec<u8>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (held.len() >= min).then(|| std::mem::take(&mut *held))
    }
}

impl ExportsBucket {
    /// Packs the parts of an export into its archive, and returns the archive's size. A repeat writes the same archive. An
    /// interrupted upload cannot be read, and a lifecycle rule deletes it after a day.
    pub(crate) async fn pack(&self, export: &Export) -> Result<u64, ExportsBucketError> {
        let key = archive_key(export);
        let request =
            self.client.create_multipart_upload().bucket(&self.name).key(&key).content_type("application/zip");
        let id = request.send().await.map_err(call)?.upload_id.unwrap_or_default();
        let mut upload = Upload { bucket: self, key, id, parts: Vec::new(), bytes: 0 };
        Box::pin(upload.fill(export)).await?;
        upload.complete().await
    }
}

struct Upload<'a> {
    bucket: &'a ExportsBucket,
    key: String,
    id: String,
    parts: Vec<CompletedPart>,
    bytes: u64,
}

impl Upload<'_> {
    async fn fill(&mut self, export: &Export) -> Result<(), ExportsBucketError> {
        let packed = PackedBytes::default();
        let mut archive = ZipWriter::new_stream(packed.clone());
        for (service, prefix) in parts(export) {
            for key in self.bucket.keys(&prefix).await? {
                let name = format!("{service}/{}", key.strip_prefix(&prefix).unwrap_or(&key));
                archive.start_file(name, SimpleFileOptions::default())?;
                self.add(&key, &mut archive, &packed).await?;
            }
        }
        archive.finish()?;
        if let Some(remaining) = packed.take(0) {
            self.put(remaining).await?;
        }
        Ok(())
    }

    async fn add(
        &mut self,
        key: &str,
        archive: &mut ZipWriter<StreamWriter<PackedBytes>>,
        packed: &PackedBytes,
    ) -> Result<(), ExportsBucketError> {
        let request = self.bucket.client.get_object().bucket(&self.bucket.name).key(key);
        let mut body = request.send().await.map_err(call)?.body;
        while let Some(bytes) = body.try_next().await.map_err(call)? {
            archive.write_all(&bytes)?;
            if let Some(part) = packed.take(UPLOAD_PART) {
                self.put(part).await?;
            }
        }
        Ok(())
    }

    async fn put(&mut self, part: Vec<u8>) -> Result<(), ExportsBucketError> {
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        self.bytes += part.len() as u64;
        let request = self.bucket.client.upload_part().bucket(&self.bucket.name).key(&self.key).upload_id(&self.id);
        let request = request.part_number(number).body(part.into());
        let tag = request.send().await.map_err(call)?.e_tag;
        self.parts.push(CompletedPart::builder().part_number(number).set_e_tag(tag).build());
        Ok(())
    }

    async fn complete(self) -> Result<u64, ExportsBucketError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts)).build();
        let request = self.bucket.client.complete_multipart_upload().bucket(&self.bucket.name).key(&self.key);
        let request = request.upload_id(&self.id).multipart_upload(parts);
        request.send().await.map_err(call)?;
        Ok(self.bytes)
    }
}
