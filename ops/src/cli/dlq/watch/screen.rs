//! Drawing the screen. Only what does not fit into the terminal is left out.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Cell, LineGauge, Paragraph, Row as TableRow, Table, TableState};

use crate::cli::dlq::watch::board::{Board, Causes, Row};
use crate::cli::dlq::watch::newest_replay::Figures;
use crate::cli::output::one_line;

const KEYS: &str = " up/down: select   r: read again   q: quit";

/// The number of queues that are visible at the same time; the list scrolls.
const MAX_VISIBLE_QUEUES: usize = 6;

pub(crate) fn draw(frame: &mut Frame<'_>, board: &Board, has_colors: bool) {
    let queues = u16::try_from(board.queues.len().clamp(1, MAX_VISIBLE_QUEUES)).unwrap_or(1);
    let areas = Layout::vertical([
        Constraint::Length(queues + 3),
        Constraint::Min(4),
        Constraint::Length(5),
        Constraint::Length(1),
    ])
    .split(frame.area());
    let palette = Palette { has_colors };
    draw_queues(frame, areas[0], board, palette);
    draw_causes(frame, areas[1], board, palette);
    draw_replay(frame, areas[2], board.newest.figures().as_ref(), palette);
    let last = board.error.as_ref().map_or_else(|| KEYS.to_owned(), |error| format!(" {}", one_line(error)));
    frame.render_widget(Paragraph::new(last), areas[3]);
}

/// Colors, unless they are disabled.
#[derive(Clone, Copy)]
struct Palette {
    has_colors: bool,
}

impl Palette {
    fn style(self, color: Color) -> Style {
        if self.has_colors { Style::new().fg(color) } else { Style::new() }
    }
}

fn draw_queues(frame: &mut Frame<'_>, area: Rect, board: &Board, palette: Palette) {
    let rows = board.queues.iter().map(|row| {
        let style = palette.style(if row.depth > 0 { Color::Yellow } else { Color::Green });
        TableRow::new([
            short(&row.name),
            row.depth.to_string(),
            format!("{:+}", row.growth()),
            row.in_flight.to_string(),
            bars(&row.history),
        ])
        .style(style)
    });
    let widths = [
        Constraint::Fill(1),
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Length(9),
        Constraint::Length(24),
    ];
    let title = format!(" env {}, {} UTC ", board.env, board.at.strftime("%H:%M:%S"));
    let table = Table::new(rows, widths)
        .header(header(["queue", "depth", "growth", "in flight", "history"]))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
        .highlight_symbol("> ")
        .block(Block::bordered().title(title));
    let mut state = TableState::default().with_selected((!board.queues.is_empty()).then_some(board.index));
    frame.render_stateful_widget(table, area, &mut state);
}

fn draw_causes(frame: &mut Frame<'_>, area: Rect, board: &Board, palette: Palette) {
    let name = board.selected().map_or("no queue", |row: &Row| row.name.as_str());
    let (note, clusters) = match &board.causes {
        Causes::NotLoaded => ("not read yet".to_owned(), &[][..]),
        Causes::Loading => ("reading".to_owned(), &[][..]),
        Causes::Loaded { at, clusters } => {
            let count: u64 = clusters.iter().map(|cluster| cluster.count).sum();
            (format!("{count} at {}", at.strftime("%H:%M:%S")), clusters.as_slice())
        }
        Causes::Failed(reason) => (one_line(reason), &[][..]),
    };
    let rows = clusters.iter().map(|cluster| {
        let place = cluster.function.as_ref().or(cluster.rule.as_ref());
        let place = place.map_or_else(|| cluster.envelope.to_string(), |name| short(name));
        let kind = cluster.error_type.clone().unwrap_or_else(|| "-".to_owned());
        let text = cluster.error_message.clone().unwrap_or_default();
        TableRow::new([
            Cell::from(cluster.count.to_string()),
            Cell::from(one_line(&place)),
            Cell::from(one_line(&format!("{kind} {text}"))).style(palette.style(Color::Red)),
            Cell::from(bars(&cluster.histogram)),
        ])
    });
    let widths = [Constraint::Length(6), Constraint::Fill(3), Constraint::Fill(2), Constraint::Length(24)];
    let table = Table::new(rows, widths)
        .header(header(["count", "function or rule", "error", "when"]))
        .block(Block::bordered().title(format!(" {name}: {note} ")));
    frame.render_widget(table, area);
}

fn draw_replay(frame: &mut Frame<'_>, area: Rect, replay: Option<&Figures>, palette: Palette) {
    let Some(replay) = replay else {
        let block = Block::bordered().title(" replay ");
        frame.render_widget(Paragraph::new("none on this machine yet").block(block), area);
        return;
    };
    let state = if replay.is_over { "ended" } else { "running or interrupted" };
    let block = Block::bordered().title(format!(" replay {}: {state} ", replay.id));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let rows = Layout::vertical([Constraint::Length(1); 3]).split(inner);
    frame.render_widget(Line::from(format!("{} to {}", replay.queue, replay.way)), rows[0]);
    let gauge = LineGauge::default()
        .ratio(share(replay))
        .label(format!("{}/{}", replay.done(), replay.planned))
        .filled_symbol("█")
        .unfilled_symbol("░")
        .filled_style(palette.style(Color::Green));
    frame.render_widget(gauge, rows[1]);
    let left = replay.seconds_left().map(|seconds| format!(", {seconds:.0} s left")).unwrap_or_default();
    let text = format!("{} failed, {} parked, {:.1} a second{left}", replay.failed, replay.parked, replay.rate);
    frame.render_widget(
        Line::from(text).style(palette.style(if replay.failed > 0 { Color::Red } else { Color::Reset })),
        rows[2],
    );
}

#[expect(clippy::cast_precision_loss, reason = "a bar for people")]
fn share(replay: &Figures) -> f64 {
    if replay.planned == 0 { 0.0 } else { (replay.done() as f64 / replay.planned as f64).min(1.0) }
}

fn header<const N: usize>(names: [&'static str; N]) -> TableRow<'static> {
    TableRow::new(names).style(Style::new().add_modifier(Modifier::BOLD))
}

/// The name without `busline-<env>-`.
fn short(name: &str) -> String {
    name.strip_prefix("busline-").and_then(|rest| rest.split_once('-')).map_or(name, |(_, rest)| rest).to_owned()
}

fn bars(counts: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: &u64| match *count {
        0 => ' ',
        count => BARS[usize::try_from((count.saturating_mul(8) / most).clamp(1, 8) - 1).unwrap_or(0)],
    };
    counts.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use ops::dlq::cluster::Cluster;
    use ops::dlq::envelope::Envelope;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::cli::dlq::watch::newest_replay::NewestReplay;

    fn board() -> Board {
        let row = |name: &str, history: &[u64]| Row {
            name: name.to_owned(),
            depth: history.last().copied().unwrap_or(0),
            history: history.to_vec(),
            ..Row::default()
        };
        let rows = vec![
            row("busline-local-subscriptions-dlq", &[0, 40, 180, 300]),
            row("busline-local-stock-dlq", &[1, 1, 1, 1]),
            row("busline-local-shops-dlq", &[0, 0]),
        ];
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/watch/nothing-here");
        let mut board = Board::new("local".to_owned(), rows, NewestReplay::new(folder));
        let cluster = Cluster {
            id: "4f0c1f5e".to_owned(),
            service: Some("subscriptions".to_owned()),
            function: Some("busline-local-subscriptions-send-welcome-mail".to_owned()),
            rule: None,
            envelope: Envelope::LambdaDestination,
            error_type: Some("MailRefused".to_owned()),
            error_message: Some("SES refused\u{1b}[2J the mail".to_owned()),
            event_type: Some("UserRegistered.v1".to_owned()),
            count: 120,
            first: None,
            last: None,
            example: "1".to_owned(),
            example_message: None,
            histogram: vec![0, 0, 1, 4, 8],
        };
        board.causes = Causes::Loaded { at: "2026-11-21T03:00:00Z".parse().unwrap(), clusters: vec![cluster] };
        board
    }

    fn drawn(board: &Board, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, board, false)).unwrap();
        let text = terminal.backend().to_string();
        text.lines().map(|line| line.trim_matches('"').trim_end().to_owned() + "\n").collect()
    }

    #[test]
    fn the_screen_fits_into_80_by_24_characters() {
        let wanted = include_str!("screen.txt");
        assert_eq!(drawn(&board(), 80, 24), wanted);
    }

    #[test]
    fn a_running_replay_shows_progress_and_remaining_time() {
        let figures = Figures {
            id: "019a".to_owned(),
            queue: "q-dlq".to_owned(),
            way: "function f".to_owned(),
            planned: 300,
            replayed: 100,
            parked: 20,
            failed: 3,
            is_over: false,
            rate: 18.0,
        };
        let mut terminal = Terminal::new(TestBackend::new(60, 5)).unwrap();
        let palette = Palette { has_colors: false };
        terminal.draw(|frame| draw_replay(frame, frame.area(), Some(&figures), palette)).unwrap();
        let text = terminal.backend().to_string();
        assert!(text.contains("replay 019a: running or interrupted") && text.contains("120/300"), "{text}");
        assert!(text.contains("3 failed, 20 parked, 18.0 a second, 10 s left"), "{text}");
    }

    #[test]
    fn a_small_terminal_is_drawn_without_a_panic() {
        for (width, height) in [(1, 1), (10, 3), (30, 8)] {
            drawn(&board(), width, height);
        }
    }

    #[test]
    fn nothing_is_colored_when_colors_are_disabled() {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw(frame, &board(), false)).unwrap();
        assert!(
            terminal.backend().buffer().content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
        );
    }
}
