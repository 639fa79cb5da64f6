//! What recipes tell people.

use std::sync::{Arc, Mutex};

use super::{Bench, Source, run};
use crate::engine::{Deed, Done, Ledger, Message, Notifier, Outcome, RunContext};
use crate::error::{Error, Kind};

/// Keeps messages for `ops`, and knows no other channel.
#[derive(Default)]
struct Ops(Mutex<Vec<Message>>);

impl Notifier for Ops {
    fn reaches(&self, channel: &str) -> Result<bool, Error> {
        match channel {
            "ops" => Ok(true),
            "nobody" => Ok(false),
            _ => Err(Error::new(Kind::Invalid, "no_such_channel", "there is no such channel")),
        }
    }

    fn notify(&self, message: Message) -> Result<(), Error> {
        if message.text == "too much" {
            return Err(Error::new(Kind::Limit, "disk_full", "the disk is full"));
        }
        self.0.lock().unwrap().push(message);
        Ok(())
    }
}

fn told(text: &str, change: impl FnOnce(&mut RunContext)) -> (Vec<Message>, Outcome) {
    let bench = Bench::new();
    let mut context = bench.context();
    let ops = Arc::new(Ops::default());
    context.notifier = Some(ops.clone());
    change(&mut context);
    let outcome = run(&Source::inline("test.rhai", text), context);
    let told = ops.0.lock().unwrap().clone();
    (told, outcome)
}

fn message(text: &str, fields: &[(&str, &str)]) -> Message {
    let fields = fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Message { channel: "ops".to_owned(), text: text.to_owned(), fields }
}

#[test]
fn a_message_is_a_text_or_facts_with_one() {
    let (told, outcome) = told(
        "notify(\"ops\", \"hello\"); notify(\"ops\", #{ text: \"3 done\", servers: 3 }); notify(\"ops\", #{ a: 1, b: \"x\" })",
        |_| (),
    );
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    let facts = message("a=1 b=x", &[("a", "1"), ("b", "x")]);
    assert_eq!(told, [message("hello", &[]), message("3 done", &[("servers", "3")]), facts]);
}

#[test]
fn nobody_is_told_of_what_is_simulated_or_rehearsed() {
    let simulated: fn(&mut RunContext) = |context| context.is_simulated = true;
    let rehearsed: fn(&mut RunContext) = |context| context.is_rehearsed = true;
    for change in [simulated, rehearsed] {
        let (told, outcome) = told("notify(\"ops\", \"hello\"); notify(\"other\", \"hello\")", change);
        assert!(outcome.failure.is_none() && told.is_empty(), "{:?}", outcome.failure);
    }
}

#[test]
fn a_channel_that_there_is_not_is_an_error_that_can_be_caught() {
    let (told, outcome) = told("let c = (); try { notify(\"osp\", \"hello\") } catch (e) { c = e.code } c", |_| ());
    assert_eq!((told.len(), outcome.value), (0, "no_such_channel".into()));
}

/// Keeps what was recorded, and refuses nothing.
#[derive(Default)]
struct Book(Mutex<Vec<String>>);

impl Ledger for Book {
    fn module(&self, _: &str, _: &str) {}

    fn begin(&self, deed: &Deed) -> Result<u64, Error> {
        self.0.lock().unwrap().push(format!("{deed:?}"));
        Ok(7)
    }

    fn end(&self, number: u64, done: Done) {
        self.0.lock().unwrap().push(format!("{number} {done:?}"));
    }
}

#[test]
fn what_people_are_told_is_recorded_before_it_is_kept() {
    let book = Arc::new(Book::default());
    let text = "notify(\"ops\", \"the password is hunter22-and-more\"); notify(\"nobody\", \"x\");
        try { notify(\"ops\", \"too much\") } catch { } try { notify(\"osp\", \"x\") } catch { }";
    let (told, _) = told(text, |context| {
        context.ledger = Some(book.clone());
        context.surroundings.scrubber.learn("hunter22-and-more");
    });
    assert_eq!(told.len(), 1);
    let recorded = book.0.lock().unwrap().join("\n");
    let expected = [
        "Message { channel: \"ops\", text: \"the password is ***\" }",
        "7 Well(None)",
        "Message { channel: \"ops\", text: \"too much\" }",
        "7 Not(\"disk_full\")",
    ];
    assert_eq!(recorded, expected.join("\n"));
}
