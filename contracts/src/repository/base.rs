//! The commit to compare a branch with.

use std::path::Path;

use super::tree::{TreeError, git, output};

/// The commit where this branch left `origin/main`, or `main` if there is no such remote branch.
///
/// # Errors
/// When there is neither branch, as in a shallow clone of one branch.
pub fn default(folder: &Path) -> Result<String, TreeError> {
    let mut failure = None;
    for branch in ["origin/main", "main"] {
        match output(&mut git(folder, ["merge-base", "HEAD", branch]), &[]) {
            Ok(commit) => return Ok(commit.trim().to_owned()),
            Err(error) => failure = Some(error),
        }
    }
    Err(match failure {
        Some(TreeError::NoGit(error)) => TreeError::NoGit(error),
        _ => TreeError::Git("there is no branch origin/main or main to compare with".into()),
    })
}

/// The commit of a name, such as a branch or a tag.
///
/// # Errors
/// When there is no such commit.
pub fn commit(folder: &Path, name: &str) -> Result<String, TreeError> {
    let commit = output(
        &mut git(folder, ["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")]),
        &[],
    );
    commit.map(|commit| commit.trim().to_owned()).map_err(|error| match error {
        TreeError::NoGit(error) => TreeError::NoGit(error),
        _ => TreeError::Git(format!("there is no commit {name}")),
    })
}
