//! The constant `run`: what this run is called, when it was due, where it acts.

use std::any::TypeId;
use std::sync::Arc;

use chrono::TimeDelta;
use rhai::{Dynamic, Map};

use super::time::{DURATION, Duration, INSTANT, Instant};
use crate::engine::context::RunContext;
use crate::engine::native::{Native, NativeEffect, Type};
use crate::engine::surroundings::Identity;
use crate::error::Result;

/// The type of the constant `run`: what it knows.
#[derive(Debug, Clone, Default)]
pub struct CurrentRun(Arc<Map>);

/// The type of the constant `run`, as natives declare it.
pub const RUN: Type = Type::Custom("Run", TypeId::of::<CurrentRun>);

impl CurrentRun {
    /// The constant of a run.
    pub(in crate::engine) fn of(run: &RunContext) -> Self {
        Self(Arc::new(fields(run)))
    }

    /// What it knows, as a map.
    pub(super) fn to_map(&self) -> Map {
        self.0.as_ref().clone()
    }
}

fn fields(run: &RunContext) -> Map {
    let identity = &run.surroundings.identity;
    let text = |text: &Option<String>| text.clone().map_or(Dynamic::UNIT, Dynamic::from);
    // A time before or after all that instants can tell is left out.
    let time = |time| Instant::new(time).map_or(Dynamic::UNIT, Dynamic::from);
    let started_at = run.started_at();
    let fields = [
        ("id", identity.id.clone().into()),
        ("recipe", identity.recipe.clone().into()),
        ("profile", text(&identity.profile)),
        ("project", text(&identity.project)),
        ("region", text(&identity.region)),
        ("is_simulated", run.is_simulated.into()),
        ("started_at", time(started_at)),
        ("fire_time", time(run.fire_time.unwrap_or(started_at))),
        ("late", lateness(run).map_or(Dynamic::UNIT, Dynamic::from)),
        ("job", text(&identity.occasion.job)),
        ("attempt", i64::from(identity.occasion.attempt).into()),
        ("previous", text(&identity.occasion.previous)),
        ("scheduled_by", identity.occasion.scheduled_by.clone().into()),
    ];
    fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

/// How long after it was due it began.
fn lateness(run: &RunContext) -> Result<Duration> {
    let late = run.fire_time.map_or(TimeDelta::zero(), |due| run.started_at() - due);
    Duration::new(late.max(TimeDelta::zero()))
}

/// The properties of `run`.
#[must_use]
pub fn natives() -> Vec<Native> {
    let text = |name, read: fn(&Identity) -> Option<String>, doc, example| {
        Native::property(RUN, name)
            .gives(Type::OneOf(&[Type::Text, Type::Nothing]))
            .doc(doc)
            .effect(NativeEffect::Local)
            .example(example)
            .by(move |a| Ok(read(&a.run().surroundings.identity).map_or(Dynamic::UNIT, Dynamic::from)))
    };
    let shown = |name| {
        Native::method(RUN, name).gives(Type::Text).effect(NativeEffect::Local).by(|a| {
            let fields = CurrentRun::of(a.run()).to_map();
            Ok(super::text::shown(a, &fields.into())?.into())
        })
    };
    vec![
        shown("to_string").doc("All that `run` knows, as text."),
        shown("to_debug").doc("All that `run` knows, as text."),
        Native::method(RUN, "to_map")
            .gives(Type::Map)
            .doc("All that `run` knows, as a plain map.")
            .effect(NativeEffect::Local)
            .example("run.to_map().is_simulated == run.is_simulated")
            .by(|a| Ok(CurrentRun::of(a.run()).to_map().into())),
        text("id", |run| Some(run.id.clone()), "The run's own id.", "run.id != ()"),
        text("recipe", |run| Some(run.recipe.clone()), "The recipe's name.", "run.recipe != ()"),
        text("profile", |run| run.profile.clone(), "The profile that it acts with, or `()`.", "run.profile ?? \"none\""),
        text("project", |run| run.project.clone(), "The project that it acts in, or `()`.", "run.project ?? \"none\""),
        text("region", |run| run.region.clone(), "The region that it acts in, or `()`.", "run.region ?? \"none\""),
        Native::property(RUN, "is_simulated")
            .gives(Type::Boolean)
            .doc("Whether the world is the simulator's.")
            .effect(NativeEffect::Local)
            .example("type_of(run.is_simulated) == \"bool\"")
            .by(|a| Ok(a.run().is_simulated.into())),
        Native::property(RUN, "started_at")
            .gives(INSTANT)
            .doc("When the run began, on the recipe's clock.")
            .effect(NativeEffect::Local)
            .example("run.started_at <= now()")
            .by(|a| Ok(Dynamic::from(Instant::new(a.run().started_at())?))),
        Native::property(RUN, "fire_time")
            .gives(INSTANT)
            .doc(
                "When the run was due. For a run by hand that is when it began. Name things by it: a repeated run then gives \
                 them the same names.",
            )
            .effect(NativeEffect::Local)
            .example("run.fire_time <= now()")
            .by(|a| {
                let time = a.run().fire_time.unwrap_or_else(|| a.run().started_at());
                Ok(Dynamic::from(Instant::new(time)?))
            }),
        Native::property(RUN, "late")
            .gives(DURATION)
            .doc("How long after its fire time the run began; nothing for a run by hand.")
            .effect(NativeEffect::Local)
            .example("run.late == minutes(0)")
            .by(|a| Ok(Dynamic::from(lateness(a.run())?))),
        text("job", |run| run.occasion.job.clone(), "The job that it is a run of, such as `night-shift@shop-prod`, or `()`.", "run.job ?? \"none\""),
        Native::property(RUN, "attempt")
            .gives(Type::Integer)
            .doc("Which run for its fire time it is, from 1: a retry, a rerun and what a crash interrupted count on.")
            .effect(NativeEffect::Local)
            .example("run.attempt == 1")
            .by(|a| Ok(i64::from(a.run().surroundings.identity.occasion.attempt).into())),
        text("previous", |run| run.occasion.previous.clone(), "The id of the run before it for the same fire time, or `()`.", "run.previous == ()"),
        text(
            "scheduled_by",
            |run| Some(run.occasion.scheduled_by.clone()),
            "What made it run: `schedule`, `hand`, `rerun`, `retry`, or `recovery` after a crash.",
            "run.scheduled_by == \"hand\"",
        ),
    ]
}
