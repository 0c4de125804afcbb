//! Tells what happens while a job is waited for.

use proofmark_jenkins::client::{Event, Origin, Watch};

use super::shown;
use crate::printer::Printer;

/// Progress on standard error, the log on standard output.
pub(crate) struct Talk<'p> {
    printer: &'p Printer,
}

impl<'p> Talk<'p> {
    pub(crate) fn new(printer: &'p Printer) -> Self {
        Self { printer }
    }
}

impl Watch for Talk<'_> {
    fn tell(&self, event: Event<'_>) {
        let line = match event {
            Event::Queued { id, origin } => {
                let came = match origin {
                    Origin::New => "",
                    Origin::FoundAgain => ": the start had arrived",
                    Origin::Earlier => ": it has this key already; nothing is started",
                    Origin::Joined => ": somebody's start with the same parameters waits already, and Jenkins joined this one with it",
                };
                format!("queue item {id}{came}")
            }
            Event::Waits { why, stuck } => {
                format!("waits: {}{}", shown(why), if stuck { " (stuck: Jenkins sees no end of it)" } else { "" })
            }
            Event::Began(place) => {
                let told = place.told.as_ref().map(|told| format!(" (Jenkins says {})", shown(told))).unwrap_or_default();
                format!("build {}: {}{told}", place.number, shown(&place.url))
            }
            Event::Asks { url } => format!("the build waits for somebody's answer: {}", shown(url)),
            Event::Away { why } => format!("Jenkins is not there ({}); it is tried again", shown(why)),
            Event::Back => "Jenkins is there again".to_owned(),
            Event::Restarted => "Jenkins was restarted".to_owned(),
            Event::Doubtful { why } => format!("the answer to the start was lost ({}); what became of it is looked up", shown(why)),
            Event::Twin { id } => format!("queue item {id} is of the same start and arrived late; it is taken back"),
            Event::LogLost => "the rest of the log cannot be shown".to_owned(),
            Event::Stopping { how: "cancel" } => "takes it out of the queue".to_owned(),
            Event::Stopping { how } => format!("stops the build ({how})"),
            _ => return,
        };
        self.printer.say(&line);
    }

    fn log(&self, line: &str) {
        // Nobody reading is no reason to stop waiting.
        let _ = self.printer.data(format!("{}\n", shown(line)).as_bytes());
    }
}
