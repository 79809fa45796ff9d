//! Needed and used: each grant is taken away alone, and its function is seen to miss it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tests::permissions::Role;
use tests::product::Product;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

use crate::deletions;
use crate::grants::{Grant, Job, jobs, texts};
use crate::report;
use crate::scenes::{Patience, Stage};

/// How many functions play at once.
const AT_ONCE: usize = 12;
/// How long a grant that was taken away may go unnoticed: IAM is eventually consistent, on AWS and (for what Lambda
/// itself does in a role's name) on the local cloud.
const UNNOTICED: Duration = Duration::from_secs(4);
/// What a missing grant prevents counts as absent after this time at least, and after so many times what it took with
/// the whole role.
const ABSENT: Duration = Duration::from_millis(1500);
const TIMES: u32 = 5;
/// How long to wait in one scene for what must come, and in all of them.
const PRESENT: Patience = Patience(Duration::from_secs(8));
const PATIENCE: Duration = Duration::from_secs(40);

/// What became of one grant.
struct Verdict {
    job: Job,
    grant: Grant,
    /// Whether the function failed to do its job without it.
    noticed: bool,
    /// What went wrong with the whole role, if anything.
    broken: Option<String>,
}

#[tokio::test]
async fn permissions_are_needed_each_one_that_is_taken_away_is_missed() {
    let product = Product::alone().await;
    let begun = Instant::now();
    let letters = letters(&product).await;
    let stage = Stage::set(&product).await;
    let mut verdicts = Vec::new();
    for jobs in in_turns(jobs()) {
        verdicts.extend(LocalSet::new().run_until(try_all(&product, &stage, jobs)).await);
    }
    deletions::settle(&product).await;
    verdicts.sort_by_key(|verdict| (verdict.job.service.name(), verdict.job.name.clone()));
    forget_new_letters(&product, &letters).await;

    let noticed = verdicts.iter().filter(|verdict| verdict.noticed).count();
    report::print(&format!(
        "\npermissions: {} grants taken away one by one, {noticed} noticed, in {:.0?}",
        verdicts.len(),
        begun.elapsed(),
    ));
    let mut wrong = Vec::new();
    for verdict in &verdicts {
        if let Some(broken) = &verdict.broken {
            wrong.push(format!("{verdict}: the scene fails with the whole role: {broken}"));
        }
        if !verdict.noticed {
            wrong.push(format!("{verdict} is not needed: take it out of the template"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Who must not play beside the others: an erasure looks through the whole dead-letter queue of its service, where others
/// wait for their letters, and a deleted account makes every service erase.
fn in_turns(jobs: Vec<Job>) -> [Vec<Job>; 3] {
    let (erasures, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| job.name == "erase");
    let (deletions, others) =
        jobs.into_iter().partition(|job| ["delete-me", "watch-deletions"].contains(&job.name.as_str()));
    [others, erasures, deletions]
}

/// Lets functions play, some at a time.
async fn try_all(product: &Product, stage: &Stage, jobs: Vec<Job>) -> Vec<Verdict> {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut players = JoinSet::new();
    for job in jobs {
        let (product, stage, turns) = (product.clone(), stage.clone(), Arc::clone(&turns));
        players.spawn_local(async move {
            let _turn = turns.acquire_owned().await.expect("a turn");
            try_without_each(&product, &stage, &job).await
        });
    }
    players.join_all().await.into_iter().flatten().collect()
}

/// Takes each grant of a function away, and gives it back.
async fn try_without_each(product: &Product, stage: &Stage, job: &Job) -> Vec<Verdict> {
    let role = Role::of(product, &job.function(product.env())).await;
    let deployed = role.policy["Statement"].as_array().expect("statements").iter();
    let deployed: Vec<Vec<String>> = deployed.map(|statement| texts(&statement["Action"])).collect();
    let described: Vec<Vec<String>> = job.statements.iter().map(|statement| statement.actions.clone()).collect();
    assert_eq!(deployed, described, "{} is deployed as its template says", job.name);
    let mut verdicts = Vec::new();
    for grant in job.grants() {
        let before = passes(stage, job, &grant).await;
        let absent = Patience(before.as_ref().map_or(ABSENT, |took| ABSENT.max(*took * TIMES)));
        role.put(&grant.taken_from(&role.policy)).await;
        let noticed = fails(stage, job, &grant, absent).await;
        role.restore().await;
        let broken = before.and(passes(stage, job, &grant).await).err();
        let is_broken = broken.is_some();
        verdicts.push(Verdict { job: job.clone(), grant, noticed, broken });
        if is_broken {
            // The next ones would wait in vain as long.
            break;
        }
    }
    verdicts
}

/// Whether the scene fails, which may take a while.
async fn fails(stage: &Stage, job: &Job, grant: &Grant, absent: Patience) -> bool {
    let taken = Instant::now();
    loop {
        if stage.play(job, grant, absent).await.is_err() {
            return true;
        }
        if taken.elapsed() > UNNOTICED {
            return false;
        }
    }
}

/// Passes as soon as one scene does, and says how long that one took: what was given back may take a while to be seen.
async fn passes(stage: &Stage, job: &Job, grant: &Grant) -> Result<Duration, String> {
    let given = Instant::now();
    loop {
        let begun = Instant::now();
        let outcome = stage.play(job, grant, PRESENT).await;
        if outcome.is_ok() || given.elapsed() > PATIENCE {
            return outcome.map(|()| begun.elapsed());
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { job, grant, .. } = self;
        write!(formatter, "{}/{}: {} on {}", job.service.name(), job.name, grant.action, grant.resource)
    }
}

async fn letters(product: &Product) -> Vec<String> {
    let mut all = Vec::new();
    for service in tests::product::Service::ALL {
        let letters = product.dead_letters(service).with("").await;
        all.extend(letters.into_iter().map(|letter| letter.body.to_string()));
    }
    all
}

/// Takes out the dead letters of events that came in while a role lacked something.
async fn forget_new_letters(product: &Product, known: &[String]) {
    for service in tests::product::Service::ALL {
        let queue = product.dead_letters(service);
        for letter in queue.with("").await {
            if !known.contains(&letter.body.to_string()) {
                queue.remove(&letter).await;
            }
        }
    }
}
