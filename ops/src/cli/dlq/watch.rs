//! `dlq watch`: queues, the causes in one of them, and the newest replay, on one screen.
#![allow(clippy::disallowed_methods, reason = "a command reads the clock here")]

mod board;
mod newest_replay;
mod screen;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use ops::connection::{self, Connection};
use ops::dlq::browse::{BrowseLimits, browse_clusters};
use ops::dlq::cluster::Cluster;
use ops::dlq::filter::Filter;
use ops::dlq::overview::{self, PreviousDepths};
use ops::dlq::queue::Queue;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::cli::arguments::non_empty_text;
use crate::cli::dlq::journal::JournalFolder;
use crate::cli::dlq::tables;
use crate::cli::dlq::watch::board::{Board, Causes};
use crate::cli::interrupts::stop_at_interrupt;
use crate::cli::output::{self, Outcome};

/// The longest time to browse a queue.
const BROWSE_TIME: Duration = Duration::from_secs(30);

/// How often the keyboard is polled.
const KEYBOARD_INTERVAL: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// The environment; `local` is the running local cloud
    #[arg(long, value_parser = non_empty_text())]
    env: Option<String>,
    #[command(flatten)]
    journals: JournalFolder,
    /// Seconds between two updates of the queues' depths and the journal
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
}

/// An event that changes the screen.
enum ScreenEvent {
    Key(KeyEvent),
    Resized,
    Causes { queue: String, found: Result<Vec<Cluster>> },
    KeyboardFailed(std::io::Error),
}

/// Shows the screen until `q`. Without a terminal, prints the list once.
pub(crate) async fn run(watch: Watch) -> Result<Outcome> {
    let connection = connection::connect(watch.env.as_deref(), None).await?;
    if !output::is_terminal() {
        output::print_notice("standard output is not a terminal: the list is printed once");
        let now = Timestamp::now();
        let all: Vec<usize> = (0..tables::OVERVIEW.len()).collect();
        let overviews = overview::list_queues(&connection, &PreviousDepths::new(), now).await?;
        return output::print_text(tables::overviews(&overviews, now, &all).as_bytes());
    }
    let mut board = Board::open(&connection, watch.journals.path()?, Timestamp::now()).await?;
    let mut terminal = ratatui::try_init().context("cannot draw on this terminal")?;
    let ended = run_screen(&mut terminal, &connection, &mut board, Duration::from_secs(watch.every)).await;
    ratatui::restore();
    ended.map(|()| Outcome::Complete)
}

async fn run_screen(
    terminal: &mut ratatui::DefaultTerminal,
    connection: &Connection,
    board: &mut Board,
    every: Duration,
) -> Result<()> {
    let (sender, mut events) = unbounded_channel();
    read_keyboard(sender.clone());
    let mut causes = CausesReader { cancelled: stop_at_interrupt(Arc::default()), sender, task: None };
    causes.load(connection, board);
    let mut ticks = tokio::time::interval(every);
    let mut interrupt_checks = tokio::time::interval(KEYBOARD_INTERVAL);
    loop {
        terminal.draw(|frame| screen::draw(frame, board, output::has_colors())).context("cannot draw")?;
        tokio::select! {
            _ = ticks.tick() => board.refresh(Timestamp::now()).await,
            _ = interrupt_checks.tick() => if causes.cancelled.load(Ordering::Relaxed) {
                return causes.end().await;
            },
            Some(event) = events.recv() => match event {
                ScreenEvent::Key(key) if is_quit(key) => return causes.end().await,
                ScreenEvent::Key(key) => handle_key(key, connection, board, &mut causes),
                ScreenEvent::Causes { queue, found } => board.set_causes(&queue, found, Timestamp::now()),
                ScreenEvent::Resized => {}
                ScreenEvent::KeyboardFailed(error) => return Err(error).context("cannot read the keyboard"),
            },
        }
    }
}

/// A terminal in raw mode reports Ctrl-C as a key.
fn is_quit(key: KeyEvent) -> bool {
    let interrupts = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    interrupts || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc)
}

fn handle_key(key: KeyEvent, connection: &Connection, board: &mut Board, causes: &mut CausesReader) {
    match key.code {
        KeyCode::Down | KeyCode::Char('j') => board.select(1),
        KeyCode::Up | KeyCode::Char('k') => board.select(-1),
        KeyCode::Enter | KeyCode::Char('r') => {}
        _ => return,
    }
    causes.load(connection, board);
}

/// Browses queues in the background. Meanwhile their messages are hidden from other consumers.
struct CausesReader {
    /// Set to true to give the messages back at once.
    cancelled: Arc<AtomicBool>,
    sender: UnboundedSender<ScreenEvent>,
    task: Option<JoinHandle<()>>,
}

impl CausesReader {
    /// Browses the selected queue, unless a queue is being browsed.
    fn load(&mut self, connection: &Connection, board: &mut Board) {
        let Some(selected) = board.selected().filter(|_| !matches!(board.causes, Causes::Loading)) else { return };
        let queue = Queue::at(&connection.sdk, &selected.url);
        board.causes = Causes::Loading;
        let (sender, cancelled) = (self.sender.clone(), Arc::clone(&self.cancelled));
        self.task = Some(tokio::spawn(async move {
            let name = queue.name().to_owned();
            let event = ScreenEvent::Causes { queue: name, found: clusters(&queue, cancelled).await };
            // The receiver is gone when the screen was closed.
            sender.send(event).ok();
        }));
    }

    /// Waits until the messages are given back.
    async fn end(self) -> Result<()> {
        self.cancelled.store(true, Ordering::Relaxed);
        match self.task {
            Some(task) => task.await.context("a queue was not read to the end"),
            None => Ok(()),
        }
    }
}

async fn clusters(queue: &Queue, cancelled: Arc<AtomicBool>) -> Result<Vec<Cluster>> {
    let limits = BrowseLimits { cancelled, ..BrowseLimits::after(BROWSE_TIME) };
    let (clusters, _) = browse_clusters(queue, &Filter::default(), limits).await?;
    Ok(clusters)
}

/// Sends keyboard events until the screen is closed.
fn read_keyboard(sender: UnboundedSender<ScreenEvent>) {
    std::thread::spawn(move || {
        while !sender.is_closed() {
            let screen_event = match event::poll(KEYBOARD_INTERVAL)
                .and_then(|is_ready| if is_ready { event::read().map(Some) } else { Ok(None) })
            {
                Ok(Some(Event::Key(key))) if key.kind != KeyEventKind::Release => ScreenEvent::Key(key),
                Ok(Some(Event::Resize(..))) => ScreenEvent::Resized,
                Ok(_) => continue,
                Err(error) => ScreenEvent::KeyboardFailed(error),
            };
            if sender.send(screen_event).is_err() {
                return;
            }
        }
    });
}
