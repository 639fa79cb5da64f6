//! What a run uses is among what was derived of its recipe: for recipes made of every native, by chance.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use proptest::prelude::*;

use super::*;
use crate::engine::footprint::derive;
use crate::engine::{Native, NativeEffect, Registry, Type};
use crate::resources::Kind;

/// Ways to bring a receiver, `$R`, to a call on `x`, `$C`.
const WAYS: &[&str] = &[
    "{ let x = $R; $C; }",
    "{ let f = |x| $C; f.call($R); }",
    "{ let m = #{ a: #{ b: $R } }; let x = m.a.b; $C; }",
    "{ let m = #{}; m[\"k\" + 1] = $R; for k in m.keys() { let x = m[k]; $C; } }",
    "{ let l = []; l.push($R); for x in l { $C; } }",
    "{ parallel([$R], |x| { $C }); }",
    "{ for row in try_parallel([$R], |x| x) { let x = row.value; $C; } }",
    "{ let x = attempt(|| $R).value; $C; }",
    "{ let x = if now() > now() { () } else { $R }; $C; }",
    "{ let x = switch 1 { 1 => $R, _ => () }; $C; }",
    "{ try { throw #{ it: $R } } catch (e) { let x = e.it; $C; } }",
    "{ let x = [$R].filter(|one| true).map(|one| one).sort_by(\"id\")[0]; $C; }",
    "{ let x = [$R].group_by(\"id\").values()[0][0]; $C; }",
    "{ let x = [$R].reduce(|all, one| one, ()); $C; }",
    "{ let f = Fn(\"keep\"); let x = f.call($R); $C; }",
    "{ let x = keep($R); $C; }",
    "{ let x = $R; let g = || { $C }; g.call(); }",
    "{ let x = (|one| one).curry($R).call(); $C; }",
];

/// An expression that gives an object of a kind, of those that the demo world has.
fn receiver(kind: &str) -> Option<String> {
    let kind = Kind::ALL.iter().find(|one| one.type_name() == kind)?;
    Some(match kind {
        Kind::VolumeAttachment => "server(\"api-1\").attachments()[0]".to_owned(),
        Kind::Snapshot => "volumes()[0].create_snapshot(\"it\").wait()".to_owned(),
        Kind::Backup => "volumes()[0].create_backup(\"it\").wait()".to_owned(),
        Kind::PublicIp => "create_public_ip(#{})".to_owned(),
        Kind::SecurityGroup => "create_security_group(#{ name: \"it\" })".to_owned(),
        Kind::KeyPair => "create_key_pair(#{ name: \"it\", publicKey: \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti\" })".to_owned(),
        other => format!("{}()[0]", other.row().functions.all),
    })
}

/// An expression of a type.
fn argument(kind: &Type) -> String {
    match kind {
        Type::Text | Type::Any => "\"web-1\"".to_owned(),
        Type::Integer | Type::Number => "50".to_owned(),
        Type::Boolean => "true".to_owned(),
        Type::Map => "#{ labels: #{ a: \"b\" } }".to_owned(),
        Type::List => "[]".to_owned(),
        Type::Object(name) => receiver(name).unwrap_or_else(|| "()".to_owned()),
        Type::Custom("Duration", _) => "minutes(10)".to_owned(),
        Type::OneOf(types) => types.first().map_or_else(|| "()".to_owned(), argument),
        Type::Nothing | Type::Function | Type::Custom(..) => "()".to_owned(),
    }
}

/// The natives that call the API, each with the receivers that it can have.
fn natives() -> Vec<(Arc<Native>, String)> {
    let kinds = || Kind::ALL.iter().filter_map(|kind| receiver(kind.type_name()));
    let calling = Registry::shared().iter().filter(|native| {
        !native.operations.is_empty()
            && matches!(
                native.effect,
                NativeEffect::Read
                    | NativeEffect::Create
                    | NativeEffect::Update
                    | NativeEffect::Delete
                    | NativeEffect::Mint
            )
    });
    let mut all = Vec::new();
    for native in calling {
        let receivers: Vec<String> = match (&native.receiver, &native.receives_items) {
            (Some(Type::List), Some(Type::Object(""))) => kinds().map(|one| format!("[{one}]")).collect(),
            (Some(Type::List), Some(items)) => vec![format!("[{}]", argument(items))],
            (Some(Type::Object("")), _) => kinds().collect(),
            (Some(Type::Custom("Place", _)), _) => vec!["region(\"eu01\")".to_owned()],
            (Some(receiver), _) => vec![argument(receiver)],
            (None, _) => vec![String::new()],
        };
        all.extend(receivers.into_iter().map(|receiver| (native.clone(), receiver)));
    }
    all
}

/// A statement that calls a native in some way; what it throws is caught.
fn statement(native: &Native, receiver: &str, way: usize, has_options: bool) -> String {
    let count = if has_options { native.parameters.len() } else { *native.arity().start() };
    let arguments: Vec<String> = native.parameters.iter().take(count).map(|one| argument(&one.kind)).collect();
    let arguments = arguments.join(", ");
    let call = match native.receiver {
        Some(_) => format!("x.{}({arguments})", native.name),
        None => format!("{}({arguments})", native.name),
    };
    let receiver = if receiver.is_empty() { "1" } else { receiver };
    let body = WAYS[way % WAYS.len()].replace("$R", receiver).replace("$C", &call);
    format!("try {body} catch {{ }}\n")
}

/// What a recipe called and was not derived, and all that it called.
fn beyond(runtime: &tokio::runtime::Runtime, text: &str) -> (Vec<&'static str>, BTreeSet<&'static str>) {
    let source = Source::inline("random.rhai", text);
    let footprint = derive(&source);
    assert!(footprint.loose.is_empty(), "{text}\n{:?}", footprint.loose);
    let request = ObserveRequest {
        environment: Environment::default(),
        simulation: Simulation::default(),
        scrubber: Scrubber::new(),
        source,
        arguments: BTreeMap::new(),
        local: Vec::new(),
        limits: Limits::default(),
        cancel: CancellationToken::new(),
    };
    let seen = observe(runtime.handle().clone(), request).expect("the demo world opens");
    assert!(seen.outcome.failure.is_none(), "{text}\n{:?}", seen.outcome.failure);
    let all = seen.operations.iter().map(|operation| operation.name).collect();
    (seen.operations.iter().filter(|one| !footprint.covers(one)).map(|one| one.name).collect(), all)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

const KEEP: &str = "fn keep(one) { one }\n";

#[test]
fn every_native_uses_no_more_than_was_derived() {
    let runtime = runtime();
    let natives = natives();
    assert!(natives.len() > 100, "{}", natives.len());
    let mut used = BTreeSet::new();
    for (number, several) in natives.chunks(8).enumerate() {
        let statements = several
            .iter()
            .enumerate()
            .map(|(index, (native, receiver))| statement(native, receiver, number * 8 + index, index % 2 == 0));
        let text = format!("{KEEP}{}", statements.collect::<String>());
        let (beyond, all) = beyond(&runtime, &text);
        assert!(beyond.is_empty(), "{beyond:?} of\n{text}");
        used.extend(all);
    }
    assert!(used.len() > 40, "the world answers most of them: {used:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_recipes_use_no_more_than_was_derived(choices in prop::collection::vec(any::<(u16, u8, bool)>(), 1..6)) {
        static RUNTIME: Mutex<Option<tokio::runtime::Runtime>> = Mutex::new(None);
        let mut held = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
        let runtime = held.get_or_insert_with(runtime);
        let natives = natives();
        let statements = choices.iter().map(|(native, way, has_options)| {
            let (native, receiver) = &natives[usize::from(*native) % natives.len()];
            statement(native, receiver, usize::from(*way), *has_options)
        });
        let text = format!("{KEEP}{}", statements.collect::<String>());
        let (beyond, _) = beyond(runtime, &text);
        prop_assert!(beyond.is_empty(), "{:?} of\n{}", beyond, text);
    }
}
