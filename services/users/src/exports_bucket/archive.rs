//! Packs the parts of an export into one archive, with memory that does not grow with the archive, and within limits: what
//! does not fit is listed in the archive.
//!
//! Packed bytes are uploaded as soon as they fill one part of a multipart upload.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use lambda_kit::clock;
use tracing::warn;
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use crate::domain::archive_limits::ArchiveLimits;
use crate::domain::archive_names::ArchiveNames;
use crate::domain::export::Export;
use crate::exports_bucket::{ExportsBucket, ExportsBucketError, StoredObject, archive_key, call, parts};

/// The file of an archive that lists what was left out.
const LEFT_OUT: &str = "NOT-INCLUDED.txt";

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

    /// The files of all parts, each with its path in the archive. The rows of all services come first: files in folders
    /// are large, and the ones to leave out.
    async fn files(&self, export: &Export) -> Result<Vec<(String, StoredObject)>, ExportsBucketError> {
        let (mut rows, mut files) = (Vec::new(), Vec::new());
        for (service, prefix) in parts(export) {
            for object in self.objects(&prefix).await? {
                let path = object.key.strip_prefix(&prefix).unwrap_or(&object.key).to_owned();
                let kind = if path.contains('/') { &mut files } else { &mut rows };
                kind.push((format!("{service}/{path}"), object));
            }
        }
        rows.extend(files);
        Ok(rows)
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
        let (mut limits, mut names) = (ArchiveLimits::new(clock::now()), ArchiveNames::default());
        names.add(LEFT_OUT);
        for (path, object) in self.bucket.files(export).await? {
            let name = names.add(&path);
            if limits.admit(&name, object.bytes, clock::now()) {
                archive.start_file(name, SimpleFileOptions::default())?;
                self.add(&object.key, &mut archive, &packed).await?;
            }
        }
        let left_out = limits.left_out();
        if let Some(text) = left_out.text() {
            warn!(
                left_out.files = left_out.files,
                left_out.bytes = left_out.bytes,
                "an archive has no room for all files"
            );
            archive.start_file(LEFT_OUT, SimpleFileOptions::default())?;
            archive.write_all(text.as_bytes())?;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::io::Cursor;
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::domain::archive_names::tests::worst_names;

    /// An archive with the worst names that services may have given, and its files: each contains its number.
    fn worst_archive() -> (Vec<u8>, BTreeMap<String, String>) {
        let packed = PackedBytes::default();
        let mut archive = ZipWriter::new_stream(packed.clone());
        let (mut names, mut files) = (ArchiveNames::default(), BTreeMap::new());
        for (number, path) in worst_names().iter().enumerate() {
            let name = names.add(path);
            archive.start_file(&name, SimpleFileOptions::default()).unwrap();
            archive.write_all(number.to_string().as_bytes()).unwrap();
            files.insert(name, number.to_string());
        }
        archive.finish().unwrap();
        (packed.take(0).unwrap(), files)
    }

    fn read(folder: &Path, within: &str, files: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("{within}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                read(&entry.path(), &format!("{name}/"), files);
            } else {
                files.insert(name, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }

    fn files(folder: &Path) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        read(folder, "", &mut files);
        files
    }

    #[test]
    fn the_zip_crate_unpacks_every_file() {
        let (bytes, expected) = worst_archive();
        let folder = tempfile::tempdir().unwrap();
        zip::ZipArchive::new(Cursor::new(bytes)).unwrap().extract(folder.path()).unwrap();
        assert_eq!(files(folder.path()), expected);
    }

    /// Python is a prerequisite of the checks; the other programs are used where they are installed.
    #[test]
    fn installed_programs_unpack_every_file() {
        let (bytes, expected) = worst_archive();
        let place = tempfile::tempdir().unwrap();
        let archive = place.path().join("archive.zip");
        fs::write(&archive, &bytes).unwrap();
        let archive = archive.to_str().unwrap();
        for (program, arguments) in [
            ("python3", &["-m", "zipfile", "-e", archive, "."][..]),
            ("unzip", &["-q", archive]),
            ("bsdtar", &["-xf", archive]),
            ("jar", &["-xf", archive]),
        ] {
            let folder = place.path().join(program);
            fs::create_dir(&folder).unwrap();
            let unpack = Command::new(program).args(arguments).current_dir(&folder).env("LC_ALL", "C.UTF-8").output();
            let Ok(output) = unpack else {
                assert_ne!(program, "python3", "python3 must be installed");
                continue;
            };
            assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(files(&folder), expected, "{program}");
            println!("{program} unpacked every file");
        }
    }
}
