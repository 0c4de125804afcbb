//! Another way to write the same command: `/proofmark retrain` for `/retrain`, where another bot has the short word.

use super::{Argument, Command};

/// The word that stands before the verb.
const OWN: &str = "proofmark";

/// The command as it is usually written.
pub(super) fn usual(mut command: Command) -> Command {
    if command.verb == OWN {
        match command.arguments.first() {
            Some(Argument::Positional(verb)) if is_verb(verb) => {
                command.verb = verb.to_ascii_lowercase();
                command.arguments.remove(0);
            }
            // Without a verb it asks what there is.
            None => "help".clone_into(&mut command.verb),
            _ => {}
        }
    }
    command
}

fn is_verb(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::super::{Line, commands};
    use super::*;

    fn read(body: &str) -> (String, Vec<Argument>) {
        match commands(body).into_iter().next() {
            Some(Line::Command(command)) => (command.verb, command.arguments),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_command_in_several_forms() {
        let named = |name: &str, value: &str| Argument::Named { name: name.to_owned(), value: value.to_owned() };
        let usual = ("retrain".to_owned(), vec![named("model", "net"), named("lr", "-0.1")]);
        for body in ["/retrain model=net lr=-0.1", "/proofmark Retrain --model net --lr=-0.1", "/retrain --model=net --lr -0.1"] {
            assert_eq!(read(body), usual, "{body}");
        }
        assert_eq!(read("/proofmark"), ("help".to_owned(), vec![]));
        assert_eq!(read("/proofmark model=net").0, "proofmark");
        assert_eq!(read("/retrain --model=a=b").1, [named("model", "a=b")]);
        assert_eq!(read("/retrain \"--model\" \"--lr=1\"").1.len(), 2);
        assert_eq!(read("/retrain --force").1, [Argument::Positional("--force".to_owned())]);
    }
}
