//! `ops dlq watch`: queues, the causes in one of them, and the newest replay, on one screen.
#![allow(clippy::disallowed_methods, reason = "a command-line tool looks at the clock here")]

mod board;
mod newest;
mod screen;

use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use ops::dlq::cluster::{Cluster, Clusters};
use ops::dlq::look::{Until, look};
use ops::dlq::overview::{self, Before};
use ops::dlq::queue::Queue;
use ops::target::{self, Target};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::arguments::text;
use crate::dlq_journal_commands::JournalFolder;
use crate::output::{self, Outcome};
use crate::tables;
use crate::watch::board::{Board, Causes};

/// The longest time that a look into a queue takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the keyboard is asked.
const KEYBOARD: Duration = Duration::from_millis(100);

/// What to watch.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// The environment; `local` is the running local cloud
    #[arg(long, value_parser = text())]
    env: Option<String>,
    #[command(flatten)]
    journals: JournalFolder,
    /// Seconds between two looks at the queues' depths and the journal
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
}

/// Something that the screen must show.
enum News {
    Key(KeyEvent),
    Resized,
    Causes { queue: String, found: Result<Vec<Cluster>> },
    Broken(std::io::Error),
}

/// Shows the screen until `q`; without a terminal, the list once.
pub(crate) async fn run(watch: Watch) -> Result<Outcome> {
    let target = target::connect(watch.env.as_deref(), None).await?;
    if !output::is_watched() {
        output::remark("this is no terminal: the list once");
        let now = Timestamp::now();
        let overviews = overview::survey(&target, &Before::new(), now).await?;
        return output::text(tables::overviews(&overviews, now).as_bytes());
    }
    let mut board = Board::open(&target, watch.journals.path()?, Timestamp::now()).await?;
    let mut terminal = ratatui::try_init().context("cannot draw on this terminal")?;
    let ended = live(&mut terminal, &target, &mut board, Duration::from_secs(watch.every)).await;
    ratatui::restore();
    ended.map(|()| Outcome::Done)
}

async fn live(
    terminal: &mut ratatui::DefaultTerminal,
    target: &Target,
    board: &mut Board,
    every: Duration,
) -> Result<()> {
    let (sender, mut news) = unbounded_channel();
    listen(sender.clone());
    look_into(target, board, &sender);
    let mut ticks = tokio::time::interval(every);
    loop {
        terminal.draw(|frame| screen::draw(frame, board, output::has_colours())).context("cannot draw")?;
        tokio::select! {
            _ = ticks.tick() => board.refresh(Timestamp::now()).await,
            Some(news) = news.recv() => match news {
                News::Key(key) if ends(key) => return Ok(()),
                News::Key(key) => press(key, target, board, &sender),
                News::Causes { queue, found } => board.found(&queue, found, Timestamp::now()),
                News::Resized => {}
                News::Broken(error) => return Err(error).context("cannot read the keyboard"),
            },
        }
    }
}

/// A raw terminal gives Ctrl-C as a key.
fn ends(key: KeyEvent) -> bool {
    let interrupts = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    interrupts || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc)
}

fn press(key: KeyEvent, target: &Target, board: &mut Board, sender: &UnboundedSender<News>) {
    match key.code {
        KeyCode::Down | KeyCode::Char('j') => board.select(1),
        KeyCode::Up | KeyCode::Char('k') => board.select(-1),
        KeyCode::Enter | KeyCode::Char('r') => {}
        _ => return,
    }
    look_into(target, board, sender);
}

/// Looks through the selected queue, away from the screen. Its messages are hidden from others meanwhile.
fn look_into(target: &Target, board: &mut Board, sender: &UnboundedSender<News>) {
    let Some(selected) = board.selected().filter(|_| !matches!(board.causes, Causes::Looking)) else { return };
    let queue = Queue::at(&target.sdk, &selected.url);
    board.causes = Causes::Looking;
    let sender = sender.clone();
    tokio::spawn(async move {
        let name = queue.name().to_owned();
        let news = News::Causes { queue: name, found: clusters(&queue).await };
        // Nobody reads it when the screen has closed.
        sender.send(news).ok();
    });
}

async fn clusters(queue: &Queue) -> Result<Vec<Cluster>> {
    let mut clusters = Clusters::default();
    look(queue, Until::after(PATIENCE), |message| {
        clusters.add(&message);
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    Ok(clusters.finish())
}

/// Sends what comes from the keyboard, until nobody listens.
fn listen(sender: UnboundedSender<News>) {
    std::thread::spawn(move || {
        while !sender.is_closed() {
            let news =
                match event::poll(KEYBOARD).and_then(|there| if there { event::read().map(Some) } else { Ok(None) }) {
                    Ok(Some(Event::Key(key))) if key.kind != KeyEventKind::Release => News::Key(key),
                    Ok(Some(Event::Resize(..))) => News::Resized,
                    Ok(_) => continue,
                    Err(error) => News::Broken(error),
                };
            if sender.send(news).is_err() {
                return;
            }
        }
    });
}
