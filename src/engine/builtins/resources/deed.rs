//! Verbs that one object and a list of objects share: `server.deallocate()`, `idle.deallocate()`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rhai::Dynamic;

use super::script::{object, platform, resource, resources};
use crate::engine::arguments::Arguments;
use crate::engine::builtins::parallel::all_or_error;
use crate::engine::fault::Fault;
use crate::engine::native::{Native, Type};
use crate::error::{Error, Kind as ErrorKind};
use crate::resources::{self, Kind, Platform, Resource, fan_out};

/// How many objects a list's verb asks for at a time; the limit on requests in flight holds besides.
const AT_A_TIME: usize = 32;

/// What becomes of one object.
pub(super) type Outcome = Result<Resource, resources::Error>;

/// What a verb does with one object; made once from its arguments.
pub(super) type Deed = Arc<dyn Fn(Platform, Resource) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// A deed of an async closure.
pub(super) fn deed<F>(act: impl Fn(Platform, Resource) -> F + Send + Sync + 'static) -> Deed
where
    F: Future<Output = Outcome> + Send + 'static,
{
    Arc::new(move |platform, resource| Box::pin(act(platform, resource)))
}

/// A verb of a kind, or of every kind, as a method of one object and of a list of them. `declare` adds parameters and
/// words, `make` reads the arguments after the receiver.
pub(super) fn verb(
    kind: Option<Kind>,
    name: &'static str,
    declare: impl Fn(Native) -> Native,
    make: fn(&mut Arguments<'_, '_>) -> Result<Deed, Fault>,
) -> [Native; 2] {
    let receiver = Type::Object(kind.map_or("", Kind::type_name));
    let one = declare(Native::method(receiver, name)).gives(receiver).by(move |call| {
        let deed = make(call)?;
        let (platform, resource) = (platform(call)?, resource(call, 0)?);
        let result = call.wait(async move { deed(platform, resource).await })?;
        Ok(object(call.scrubber(), &result)?)
    });
    // The words are the same; what is said of one object holds for each.
    let many = declare(Native::method(Type::List, name)).of_each(receiver).gives_list_of(receiver).example("");
    let many = many.by(move |call| {
        let deed = make(call)?;
        each(call, kind, &deed)
    });
    [one, many]
}

/// Does it with every object of the list in the first argument: attempts all, keeps their order, then throws one error
/// if any failed.
fn each(call: &mut Arguments<'_, '_>, kind: Option<Kind>, deed: &Deed) -> Result<Dynamic, Fault> {
    let platform = platform(call)?;
    let (items, resources) = resources(call, 0)?;
    if let Some(kind) = kind
        && let Some(other) = resources.iter().find(|resource| resource.kind() != kind)
    {
        let (verb, other) = (call.native().name, other.kind().type_name());
        let message = format!("`{verb}` is a verb of each {}, and the list holds a {other}", kind.type_name());
        return Err(Error::new(ErrorKind::Invalid, "wrong_argument", message).into());
    }
    let work: Vec<_> = resources.into_iter().map(|resource| deed(platform.clone(), resource)).collect();
    // Who is asked to agree wants to see all of it at once.
    let width = if call.run().is_asked { work.len() } else { AT_A_TIME };
    let results = call.wait(async move { Ok::<_, Error>(fan_out(platform.clock(), width, work).await) })?;
    let results = results.into_iter().map(|result| match result {
        Some(Ok(resource)) => object(call.scrubber(), &resource),
        Some(Err(error)) => Err(error.into()),
        None => Err(Error::new(ErrorKind::Bug, "panic", "a background task panicked")),
    });
    all_or_error(items, results.collect(), call.context())
}
