//! No platform file names a service: tools discover services.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::sources::{self, Source};
use super::words::parts;
use crate::ui;

/// The exceptions, from the root of the repository.
pub(crate) const EXCEPTIONS: &str = "xtask/checks/service-names.yaml";

/// How the examples of a command's help begin: beside the command, or in a constant.
const HELP: [&str; 3] = ["after_help = \"", "\"Examples:", "\"\\\nExamples:"];

/// The folders of the platform.
const PLATFORM: [&str; 14] = [
    "lambda-kit/",
    "ops/src/",
    "contracts/src/",
    "xtask/",
    "infra/",
    "local/",
    "tests/src/",
    "tests/kit/",
    "tests/bench/",
    "tests/permissions/",
    "tests/hostile/",
    "web/scripts/",
    "web/dev/",
    ".ci/",
];

/// A name of a service in the code of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mention {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) service: String,
    /// The identifier, path or literal that contains the name.
    pub(crate) word: String,
}

/// What may name a service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exceptions {
    allowed: Vec<Allowed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    /// A file, or a folder that ends with `/`.
    path: String,
    /// The words that contain the name; all when none is given.
    #[serde(default)]
    words: Vec<String>,
    /// Why the place may name it.
    reason: String,
}

/// What was found in the platform's files.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Mentions that no exception allows.
    pub(crate) mentions: Vec<Mention>,
    /// The number of mentions that an exception allows.
    pub(crate) allowed: usize,
}

impl Exceptions {
    /// Reads the file of exceptions.
    pub(crate) fn read(repo: &Path) -> Result<Self> {
        let path = repo.join(EXCEPTIONS);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let exceptions: Self = serde_norway::from_str(&text)
            .with_context(|| format!("{EXCEPTIONS} is not a list of exceptions with reasons"))?;
        for allowed in &exceptions.allowed {
            ensure!(
                !allowed.reason.trim().is_empty(),
                "{EXCEPTIONS}: the exception for {} needs a reason",
                allowed.path
            );
        }
        Ok(exceptions)
    }

    fn allows(&self, mention: &Mention) -> bool {
        let covers = |allowed: &Allowed| {
            let is_folder = allowed.path.ends_with('/');
            let here = if is_folder { mention.path.starts_with(&allowed.path) } else { mention.path == allowed.path };
            here && (allowed.words.is_empty() || allowed.words.contains(&mention.word))
        };
        self.allowed.iter().any(covers)
    }
}

/// Finds names of services in the platform's files.
pub(crate) fn in_platform(sources: &[Source], services: &[String], exceptions: &Exceptions) -> Found {
    let mut found = Found::default();
    for source in sources.iter().filter(|source| is_platform(&source.path)) {
        for mention in mentions(source, services) {
            if exceptions.allows(&mention) {
                found.allowed += 1;
            } else {
                found.mentions.push(mention);
            }
        }
    }
    found
}

/// Whether a file belongs to the platform.
pub(crate) fn is_platform(path: &str) -> bool {
    PLATFORM.iter().any(|folder| path.starts_with(folder)) && !path.starts_with("xtask/checks/")
}

/// The names of services in a file's path and code.
pub(crate) fn mentions(source: &Source, services: &[String]) -> Vec<Mention> {
    let code = without_help(source.code());
    let numbered = code.lines().enumerate().map(|(index, line)| (index + 1, line));
    let mut found = Vec::new();
    for (line, text) in std::iter::once((0, source.path.as_str())).chain(numbered) {
        for word in words(text) {
            for service in services.iter().filter(|service| names(word, service)) {
                let (path, word) = (source.path.clone(), word.to_owned());
                found.push(Mention { path, line, service: service.clone(), word });
            }
        }
    }
    found
}

/// The code without the examples of a command's help, which may name a service.
fn without_help(code: String) -> String {
    let start_of = |marker: &&str| code.find(marker).map(|at| (at, marker.len()));
    let Some((start, length)) = HELP.iter().filter_map(start_of).min() else { return code };
    let help = &code[start + length..];
    let end = help.char_indices().scan(false, |escaped, (at, character)| {
        let ends = character == '"' && !*escaped;
        *escaped = character == '\\' && !*escaped;
        Some((at, ends))
    });
    let end = end.filter(|(_, ends)| *ends).map(|(at, _)| at).next().unwrap_or(help.len());
    let lines = code[start..start + length + end].matches('\n').count();
    format!("{}{}{}", &code[..start], "\n".repeat(lines), without_help(help[end..].to_owned()))
}

/// The mentions of each file, to report.
fn problems(found: &Found) -> Vec<String> {
    let in_files = found.mentions.chunk_by(|one, next| one.path == next.path);
    in_files.map(describe).collect()
}

fn describe(mentions: &[Mention]) -> String {
    let lines: BTreeSet<String> =
        mentions.iter().map(|one| format!("  {}:{}: {}", one.path, one.line, one.word)).collect();
    let lines: Vec<String> = lines.into_iter().collect();
    format!("{} names services {} times:\n{}", mentions[0].path, mentions.len(), lines.join("\n"))
}

/// The services of a repository by their folders, which older commits have too.
pub(crate) fn service_folders(repo: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let folder = repo.join("services");
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Identifiers, path segments and parts of literals: characters that can be in a name.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).filter(|word| !word.is_empty())
}

/// Whether the parts of a service's name stand one after the other in a word, such as `todos` in `busline-local-todos`.
fn names(word: &str, service: &str) -> bool {
    let (word, service) = (parts(word), parts(service));
    word.windows(service.len()).any(|window| window == service)
}

/// Fails when a platform file names a service and no exception allows it; prints how many mentions there are.
pub(crate) fn check(repo: &Path) -> Result<()> {
    let exceptions = Exceptions::read(repo)?;
    let found = in_platform(&sources::read(repo)?, &service_folders(repo)?, &exceptions);
    ui::note(format_args!(
        "{} mentions of services in platform files, {} more are allowed with a reason",
        found.mentions.len(),
        found.allowed
    ));
    let problems = problems(&found);
    ensure!(
        problems.is_empty(),
        "discover services instead of naming them (`cargo xtask services`), or add an exception with a reason to \
         {EXCEPTIONS}:\n{}",
        problems.join("\n")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    #[test]
    fn a_name_is_found_in_identifiers_paths_and_literals_and_not_in_other_words() {
        for word in ["samples", "busline-local-samples-dlq", "SamplesApi", "list_samples", "SAMPLES_TABLE"] {
            assert!(names(word, "samples"), "{word}");
        }
        for word in ["sample", "samplesoup", "metasamples", "ssamples"] {
            assert!(!names(word, "samples"), "{word}");
        }
        assert!(names("UserGroupsApi", "user-groups") && !names("UserOtherGroups", "user-groups"));
    }

    #[test]
    fn comments_may_name_a_service() {
        let source =
            Source { path: "xtask/src/a.rs".into(), text: "/// such as samples\nfn a() {} // samples\n".into() };
        assert_eq!(mentions(&source, &["samples".into()]), []);
        let source = Source { text: "fn a() { deploy(\"samples\") }".into(), ..source };
        assert_eq!(mentions(&source, &["samples".into()])[0].line, 1);
    }

    #[test]
    fn examples_in_help_texts_may_name_a_service() {
        for before in [
            "#[command(after_help = \"Deploys:",
            "const HELP: &str = \"Examples:",
            "const HELP: &str = \"\\\nExamples:",
        ] {
            let text = format!("{before}\n  deploy samples \\\"samples\\\"\")]\nfn samples() {{}}");
            let line = text.lines().count();
            let source = Source { path: "xtask/src/a.rs".into(), text };
            let lines: Vec<usize> = mentions(&source, &["samples".into()]).iter().map(|mention| mention.line).collect();
            assert_eq!(lines, [line], "{before}");
        }
    }

    #[test]
    fn no_platform_file_names_a_service() {
        check(repo()).unwrap();
    }
}
