//! The state that the objects of a run have now, asked of the API.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};

use crate::app::Session;
use crate::catalog;
use crate::error::Kind;
use crate::journal::{Change, History, Outcome};
use crate::policy::ObjectFacts;
use crate::transport::{Call, Client, Target, read_of_object};

/// So many objects are asked for at once.
const AT_ONCE: usize = 16;

/// Of no more changes the state is asked for.
const MOST: usize = 500;

/// The state of the object that each change touched first or made, by the change's number: its status, `gone`, or why
/// it could not be read. Objects that cannot be read alone are left out.
pub async fn state_now(session: &Session, run: &History) -> BTreeMap<u64, String> {
    // What is not done first: that is what has to be looked at.
    let is_done = |change: &&Change| change.outcome() == Outcome::Done;
    let open = run.changes.iter().filter(|change| !is_done(change));
    let ordered = open.chain(run.changes.iter().filter(is_done));
    let reads = ordered.filter_map(|change| Some((change.before.call, read_of(change)?))).take(MOST);
    // Several changes of one object ask once.
    let mut asked: Vec<(Call, Vec<u64>)> = Vec::new();
    for (number, read) in reads {
        match asked.iter_mut().find(|(call, _)| call.operation == read.operation && call.parameters == read.parameters)
        {
            Some((_, numbers)) => numbers.push(number),
            None => asked.push((read, vec![number])),
        }
    }
    let answers = stream::iter(asked).map(|(call, numbers)| async {
        let state = state(&session.client, call).await;
        (state, numbers)
    });
    let answers: Vec<_> = answers.buffer_unordered(AT_ONCE).collect().await;
    answers
        .into_iter()
        .flat_map(|(state, numbers)| numbers.into_iter().map(move |number| (number, state.clone())))
        .collect()
}

async fn state(client: &Client, call: Call) -> String {
    match client.send(call).await {
        Ok(answer) => {
            let status = ObjectFacts::read(&answer.body).and_then(|facts| facts.status);
            status.unwrap_or_else(|| "there".to_owned())
        }
        Err(error) if error.kind == Kind::NotFound => "gone".to_owned(),
        Err(error) => format!("unknown ({})", error.code),
    }
}

/// The call that reads what a change made, or touched first.
fn read_of(change: &Change) -> Option<Call> {
    let before = &change.before;
    let (module, name) = before.operation.rsplit_once('.')?;
    let operation = catalog::operation(module, name)?;
    let owned = |text: &Option<std::borrow::Cow<'static, str>>| text.as_deref().map(str::to_owned);
    let mut call = Call::new(operation, Target { project: owned(&before.project), region: owned(&before.region) });
    call.parameters = before.parameters.clone().into_owned();
    let made = change.result().filter(|_| before.effect == "create").and_then(|made| made.id.as_deref());
    read_of_object(&call, made)
}
