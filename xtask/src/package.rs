//! Builds services' binaries, zips them and uploads them to the artifacts bucket.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use aws_sdk_s3::primitives::ByteStream;
use cargo_metadata::Message;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::aws::{self, Target};
use crate::hash;
use crate::home::{self, Home};
use crate::process;
use crate::python::Python;

/// The version of the C library in `provided.al2023`: a binary that was linked against a newer one does not start there.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>
const GLIBC: &str = "2.34";

/// A function's instruction set, as CloudFormation names it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Architecture {
    /// Processors of Intel and AMD.
    #[default]
    #[value(name = "x86_64")]
    X86_64,
    /// Graviton. Needs `rustup target add aarch64-unknown-linux-gnu`.
    Arm64,
}

/// How binaries are built.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Build {
    /// For this machine, with the dev profile: compiled once for the local cloud and for tests.
    Dev,
    /// For Lambda, optimised for size, linked against its C library.
    Release(Architecture),
}

/// A service's zip, ready to be uploaded.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its key in the artifacts bucket: `<service>/<SHA-256>.zip`.
    pub(crate) key: String,
    /// The path of the file on this machine.
    pub(crate) path: PathBuf,
}

impl Architecture {
    /// The instruction set of this machine, where the local cloud's functions run.
    pub(crate) fn host() -> Result<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Ok(Self::X86_64),
            "aarch64" => Ok(Self::Arm64),
            other => bail!("Lambda runs on x86_64 and arm64, this machine is {other}"),
        }
    }

    /// The value of a function's `Architectures`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    pub(crate) fn rust_target(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }
}

impl Build {
    fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release(architecture) => architecture.name(),
        }
    }

    /// Level 1 compresses a dev build of 28 MB to 12 MB in 0.2 s; level 9 takes seconds for a few percent, which only
    /// pays where every cold start loads the result.
    fn compression_level(self) -> i64 {
        match self {
            Self::Dev => 1,
            Self::Release(_) => 9,
        }
    }
}

/// Builds binaries in one cargo call; returns their paths by name.
pub(crate) async fn build(
    home: &Home,
    python: &Python,
    names: &[&str],
    build: Build,
) -> Result<BTreeMap<String, PathBuf>> {
    let mut cargo = match build {
        // Without `--package`, cargo resolves features for the whole workspace, as tests and lints do, so that no
        // dependency is compiled a second time with other features.
        Build::Dev => dev_build(names),
        Build::Release(architecture) => {
            python.add_aws_tools(home).await?;
            release_build(python, names, architecture)?
        }
    };
    cargo.arg("--message-format=json-render-diagnostics").current_dir(&home.repo).stdout(Stdio::piped());
    let output = cargo.spawn().context("cannot run cargo")?.wait_with_output().await?;
    if !output.status.success() {
        bail!("the services do not build: see the compiler's messages above");
    }
    let binaries = executables(&output.stdout)?;
    for name in names {
        if !binaries.contains_key(*name) {
            bail!("cargo built no binary named {name}: the crate {name} must have one of this name");
        }
    }
    Ok(binaries)
}

/// Zips a binary as `bootstrap`. The same binary results in the same bytes; an unchanged one is not zipped again.
pub(crate) async fn package(home: &Home, name: &str, binary: &Path, build: Build) -> Result<Package> {
    let folder = home.cache().join("packages").join(build.name());
    // All homes of a repository share this folder: the end-to-end tests may package during a developer's `up`.
    let _alone = home::lock(&folder.join("lock"), "another `cargo xtask` is packaging; waiting for it").await?;
    let path = folder.join(format!("{name}.zip"));
    let stamp_path = path.with_extension("json");
    let metadata = fs::metadata(binary).with_context(|| format!("cannot read {}", binary.display()))?;
    let known: Option<Stamp> = fs::read(&stamp_path).ok().and_then(|text| serde_json::from_slice(&text).ok());
    if let Some(stamp) = known.filter(|stamp| stamp.source == Source::from_metadata(&metadata) && path.exists()) {
        return Ok(Package { key: key(name, &stamp.sha256), path });
    }
    let bytes = match build {
        Build::Dev => without_symbols(binary, &path.with_extension("stripped")).await?,
        Build::Release(_) => fs::read(binary)?,
    };
    let zip = zip(&bytes, build.compression_level())?;
    // Renamed at the end, so that another command that uploads the old file reads it completely.
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, &zip)?;
    fs::rename(&fresh, &path)?;
    let stamp = Stamp { source: Source::from_metadata(&metadata), sha256: hash::sha256(&zip) };
    fs::write(&stamp_path, serde_json::to_vec(&stamp)?)?;
    Ok(Package { key: key(name, &stamp.sha256), path })
}

/// Uploads a package unless the bucket has it.
pub(crate) async fn upload(target: &Target, bucket: &str, package: &Package) -> Result<()> {
    let s3 = target.s3();
    match s3.head_object().bucket(bucket).key(&package.key).send().await {
        Ok(_) => return Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(aws_sdk_s3::operation::head_object::HeadObjectError::is_not_found) => {}
        Err(error) => {
            return Err(aws::failed(&format!("look for {} in {bucket}", package.key))(error));
        }
    }
    let body = ByteStream::from_path(&package.path).await?;
    let put = s3.put_object().bucket(bucket).key(&package.key).body(body).send().await;
    put.map_err(aws::failed(&format!("upload {} to {bucket}", package.key)))?;
    Ok(())
}

/// Deletes a service's other packages from the local cloud's bucket.
///
/// There is no rollback on the local cloud, and every build would stay on the developer's disk.
pub(crate) async fn delete_others(target: &Target, bucket: &str, service: &str, key: &str) -> Result<()> {
    let s3 = target.s3();
    let listed = s3.list_object_versions().bucket(bucket).prefix(format!("{service}/")).send();
    let listed = listed.await.map_err(aws::failed(&format!("list the packages in {bucket}")))?;
    let others = listed.versions().iter().filter_map(|version| version.key().zip(version.version_id()));
    for (other, version) in others.filter(|(other, _)| *other != key) {
        let deletion = s3.delete_object().bucket(bucket).key(other).version_id(version).send().await;
        deletion.map_err(aws::failed(&format!("delete {other} from {bucket}")))?;
    }
    Ok(())
}

#[derive(Deserialize, Serialize)]
struct Stamp {
    source: Source,
    sha256: String,
}

/// The size and time of a binary, which change when it is built again.
#[derive(Deserialize, PartialEq, Serialize)]
struct Source {
    bytes: u64,
    modified_ns: i64,
    modified_s: i64,
}

impl Source {
    fn from_metadata(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { bytes: metadata.len(), modified_ns: metadata.mtime_nsec(), modified_s: metadata.mtime() }
    }
}

fn dev_build(names: &[&str]) -> tokio::process::Command {
    let mut cargo = process::command("cargo");
    cargo.arg("build");
    for name in names {
        cargo.args(["--bin", name]);
    }
    cargo
}

fn release_build(python: &Python, names: &[&str], architecture: Architecture) -> Result<tokio::process::Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(python.programs()).chain(std::env::split_paths(&path));
    let mut cargo = process::command(python.program("cargo-zigbuild"));
    cargo.env("PATH", std::env::join_paths(paths)?);
    cargo.args(["zigbuild", "--release", "--target", &format!("{}.{GLIBC}", architecture.rust_target())]);
    for name in names {
        cargo.args(["--package", name]);
    }
    Ok(cargo)
}

fn executables(messages: &[u8]) -> Result<BTreeMap<String, PathBuf>> {
    let mut binaries = BTreeMap::new();
    for message in Message::parse_stream(Cursor::new(messages)) {
        let Message::CompilerArtifact(artifact) = message? else {
            continue;
        };
        if let Some(executable) = artifact.executable {
            binaries.insert(artifact.target.name, executable.into_std_path_buf());
        }
    }
    Ok(binaries)
}

async fn without_symbols(binary: &Path, scratch: &Path) -> Result<Vec<u8>> {
    let mut strip = process::command("strip");
    process::run_quietly(strip.arg("-o").arg(scratch).arg(binary)).await?;
    let bytes = fs::read(scratch)?;
    fs::remove_file(scratch)?;
    Ok(bytes)
}

fn key(name: &str, sha256: &str) -> String {
    format!("{name}/{sha256}.zip")
}

/// A zip with one executable file `bootstrap`, which `provided.al2023` starts.
fn zip(binary: &[u8], level: i64) -> Result<Vec<u8>> {
    // With a fixed time, so that the same binary results in the same zip.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(level))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("bootstrap", options)?;
    io::copy(&mut &*binary, &mut writer)?;
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zip::ZipArchive;

    #[test]
    fn the_same_binary_results_in_the_same_zip() {
        assert_eq!(zip(b"binary", 1).unwrap(), zip(b"binary", 1).unwrap());
    }

    #[test]
    fn the_zip_holds_one_executable_bootstrap() {
        let mut archive = ZipArchive::new(Cursor::new(zip(b"binary", 9).unwrap())).unwrap();
        assert_eq!(archive.len(), 1);
        let mut file = archive.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o755));
        let mut unpacked = Vec::new();
        io::copy(&mut file, &mut unpacked).unwrap();
        assert_eq!(unpacked, b"binary");
    }

    #[tokio::test]
    async fn an_unchanged_binary_is_not_zipped_again_and_a_changed_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home {
            repo: folder.path().into(),
            dir: folder.path().into(),
            venv: folder.path().into(),
            is_for_tests: true,
        };
        let binary = folder.path().join("samples");
        let build = Build::Release(Architecture::X86_64);

        fs::write(&binary, "one").unwrap();
        let first = package(&home, "samples", &binary, build).await.unwrap();
        fs::write(&first.path, "kept").unwrap();
        assert_eq!(package(&home, "samples", &binary, build).await.unwrap().key, first.key);
        assert_eq!(fs::read(&first.path).unwrap(), b"kept");

        fs::write(&binary, "three").unwrap();
        assert_ne!(package(&home, "samples", &binary, build).await.unwrap().key, first.key);
    }
}
