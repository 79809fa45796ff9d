//! Dates and times in texts, in the language and time zone of the reader.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::domain::language::Language;

const MONTHS: [[&str; 2]; 12] = [
    ["January", "Januar"],
    ["February", "Februar"],
    ["March", "März"],
    ["April", "April"],
    ["May", "Mai"],
    ["June", "Juni"],
    ["July", "Juli"],
    ["August", "August"],
    ["September", "September"],
    ["October", "Oktober"],
    ["November", "November"],
    ["December", "Dezember"],
];

/// The time zone of an IANA name; UTC for a name that the bundled database does not have.
pub(crate) fn time_zone(name: &str) -> TimeZone {
    // Bundled, because the runtime `provided.al2023` has no time zone database.
    TimeZoneDatabase::bundled().get(name).unwrap_or(TimeZone::UTC)
}

/// Such as `Thursday, 24 December 2026, 18:00 (Europe/Dublin)`.
pub(crate) fn format_date_time(at: Timestamp, zone: &TimeZone, language: Language) -> String {
    let (day, time) = (format_date(local_date(at, zone), language), format_time(at, zone, language));
    let name = zone.iana_name().unwrap_or("UTC");
    format!("{day}, {time} ({name})")
}

/// Such as `Thursday, 24 December 2026`.
pub(crate) fn format_date(date: Date, language: Language) -> String {
    let (weekday, day, year) = (weekday(date.weekday(), language), date.day(), date.year());
    match language {
        Language::English => format!("{weekday}, {day} {} {year}", month(date, language)),
        Language::German => format!("{weekday}, {day}. {} {year}", month(date, language)),
    }
}

/// The local time as the language writes it, such as `18:00`.
pub(crate) fn format_time(at: Timestamp, zone: &TimeZone, language: Language) -> String {
    let local = at.to_zoned(zone.clone());
    match language {
        Language::English => format!("{:02}:{:02}", local.hour(), local.minute()),
        Language::German => format!("{:02}:{:02} Uhr", local.hour(), local.minute()),
    }
}

/// The calendar day in a time zone.
pub(crate) fn local_date(at: Timestamp, zone: &TimeZone) -> Date {
    at.to_zoned(zone.clone()).date()
}

fn month(date: Date, language: Language) -> &'static str {
    // `Date::month` is 1 to 12.
    let names = usize::try_from(date.month() - 1).ok().and_then(|index| MONTHS.get(index));
    names.map_or("", |names| names[usize::from(language == Language::German)])
}

fn weekday(day: Weekday, language: Language) -> &'static str {
    let (english, german) = match day {
        Weekday::Monday => ("Monday", "Montag"),
        Weekday::Tuesday => ("Tuesday", "Dienstag"),
        Weekday::Wednesday => ("Wednesday", "Mittwoch"),
        Weekday::Thursday => ("Thursday", "Donnerstag"),
        Weekday::Friday => ("Friday", "Freitag"),
        Weekday::Saturday => ("Saturday", "Samstag"),
        Weekday::Sunday => ("Sunday", "Sonntag"),
    };
    match language {
        Language::English => english,
        Language::German => german,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_formatted_in_the_language_and_time_zone_of_the_reader() {
        let at: Timestamp = "2026-03-01T23:30:00Z".parse().unwrap();
        let formatted = |name, language| format_date_time(at, &time_zone(name), language);
        assert_eq!(formatted("Europe/Berlin", Language::German), "Montag, 2. März 2026, 00:30 Uhr (Europe/Berlin)");
        assert_eq!(formatted("America/New_York", Language::English), "Sunday, 1 March 2026, 18:30 (America/New_York)");
        assert_eq!(formatted("Mars/Olympus", Language::English), "Sunday, 1 March 2026, 23:30 (UTC)");
    }

    #[test]
    fn daylight_saving_time_applies() {
        let at: Timestamp = "2026-07-01T10:00:00Z".parse().unwrap();
        assert_eq!(format_time(at, &time_zone("Europe/Dublin"), Language::English), "11:00");
    }
}
