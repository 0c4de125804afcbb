//! Turns proofmark reports into tables, Markdown and JSON.
