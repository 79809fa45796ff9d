//! Packing: from the parts of an export to one archive, in memory that does not grow with it.
//!
//! What is packed is taken away and uploaded as soon as it makes a part of a multipart upload.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use crate::export::Export;
use crate::export::bucket::{self, Bucket};
use crate::export::error::ArchiveError;

/// A part of an upload: S3 takes at least 5 MiB, and 10,000 of them make 80 GiB.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const PART: usize = 8 * 1024 * 1024;

/// Where the archive is written, and from where the uploads are taken.
#[derive(Clone, Debug, Default)]
struct Packed(Arc<Mutex<Vec<u8>>>);

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Packed {
    /// What was written, if it is at least this much.
    fn take(&self, least: usize) -> Option<Vec<u8>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (held.len() >= least).then(|| std::mem::take(&mut *held))
    }
}

impl Bucket {
    /// Packs the parts of an export into its archive, and says how large it is. Again, it is the same archive. An upload
    /// that breaks off is nothing that anybody can read, and the bucket forgets it after a day.
    pub(crate) async fn pack(&self, export: &Export) -> Result<u64, ArchiveError> {
        let key = bucket::archive(export);
        let begun = self.client.create_multipart_upload().bucket(&self.name).key(&key).content_type("application/zip");
        let id = begun.send().await.map_err(ArchiveError::bucket)?.upload_id.unwrap_or_default();
        let mut upload = Upload { bucket: self, key, id, parts: Vec::new(), bytes: 0 };
        Box::pin(upload.fill(export)).await?;
        upload.complete().await
    }
}

/// A multipart upload.
struct Upload<'a> {
    bucket: &'a Bucket,
    key: String,
    id: String,
    parts: Vec<CompletedPart>,
    bytes: u64,
}

impl Upload<'_> {
    async fn fill(&mut self, export: &Export) -> Result<(), ArchiveError> {
        let packed = Packed::default();
        let mut archive = ZipWriter::new_stream(packed.clone());
        for (service, prefix) in bucket::parts(export) {
            for key in self.bucket.keys(&prefix).await? {
                let name = format!("{service}/{}", key.strip_prefix(&prefix).unwrap_or(&key));
                archive.start_file(name, SimpleFileOptions::default())?;
                self.add(&key, &mut archive, &packed).await?;
            }
        }
        archive.finish()?;
        if let Some(rest) = packed.take(0) {
            self.put(rest).await?;
        }
        Ok(())
    }

    async fn add(
        &mut self,
        key: &str,
        archive: &mut ZipWriter<StreamWriter<Packed>>,
        packed: &Packed,
    ) -> Result<(), ArchiveError> {
        let request = self.bucket.client.get_object().bucket(&self.bucket.name).key(key);
        let mut body = request.send().await.map_err(ArchiveError::bucket)?.body;
        while let Some(bytes) = body.try_next().await.map_err(ArchiveError::bucket)? {
            archive.write_all(&bytes)?;
            if let Some(part) = packed.take(PART) {
                self.put(part).await?;
            }
        }
        Ok(())
    }

    async fn put(&mut self, part: Vec<u8>) -> Result<(), ArchiveError> {
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        self.bytes += part.len() as u64;
        let request = self.bucket.client.upload_part().bucket(&self.bucket.name).key(&self.key).upload_id(&self.id);
        let request = request.part_number(number).body(part.into());
        let tag = request.send().await.map_err(ArchiveError::bucket)?.e_tag;
        self.parts.push(CompletedPart::builder().part_number(number).set_e_tag(tag).build());
        Ok(())
    }

    async fn complete(self) -> Result<u64, ArchiveError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts)).build();
        let request = self.bucket.client.complete_multipart_upload().bucket(&self.bucket.name).key(&self.key);
        let request = request.upload_id(&self.id).multipart_upload(parts);
        request.send().await.map_err(ArchiveError::bucket)?;
        Ok(self.bytes)
    }
}
