//! What our mails say. Pure.

/// A mail without its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) subject: &'static str,
    /// For readers that show plain text.
    pub(crate) text: String,
    /// The same words for readers that show HTML.
    pub(crate) html: String,
}

/// The paragraphs of the welcome mail after its greeting.
const WELCOME: [&str; 3] = [
    "Your account is ready, and your to-do list is empty. That is easily mended: add your first to-do. A title is \
     enough; notes, a due time, a priority and tags can wait.",
    "When it is done, complete it. If it was not done after all, reopen it. Nobody but you sees your list.",
    "Your inbox tells you what happened to your to-dos.",
];

/// The mail that greets a new user.
pub(crate) fn welcome(display_name: &str) -> Mail {
    let text = WELCOME.join("\n\n");
    let paragraphs = WELCOME.map(|paragraph| format!("<p>{}</p>\n", escape(paragraph))).concat();
    Mail {
        subject: "Welcome to Busline",
        text: format!("Hello {display_name},\n\n{text}\n\nBusline\n"),
        html: format!(
            "<!doctype html>\n<html lang=\"en\">\n<body>\n<p>Hello {},</p>\n{paragraphs}<p>Busline</p>\n</body>\n</html>\n",
            escape(display_name)
        ),
    }
}

/// Text as HTML shows it: a name must not become markup.
fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_greet_by_name_and_say_the_same() {
        let mail = welcome("Ann");
        assert!(mail.text.starts_with("Hello Ann,\n"));
        assert!(mail.html.contains("<p>Hello Ann,</p>"));
        for paragraph in WELCOME {
            assert!(mail.text.contains(paragraph) && mail.html.contains(paragraph));
        }
    }

    #[test]
    fn a_name_is_never_markup() {
        let mail = welcome("<b>\"Ann\" & 'Bob'</b>");
        assert!(mail.html.contains("Hello &lt;b&gt;&quot;Ann&quot; &amp; &#39;Bob&#39;&lt;/b&gt;,"));
        assert!(mail.text.contains("Hello <b>\"Ann\" & 'Bob'</b>,"));
    }
}
