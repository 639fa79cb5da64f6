//! Natives for the tests of limits, panics and cancels; never in a release.

use std::time::Duration;

use rhai::Dynamic;

use crate::engine::native::{Native, NativeEffect, Type};
use crate::error::Error;

pub(super) fn natives() -> Vec<Native> {
    vec![
        Native::function("test_panic").effect(NativeEffect::Local).doc("Panics.").by(|_| panic!("on purpose")),
        Native::function("test_sleep")
            .takes("seconds", Type::Integer)
            .effect(NativeEffect::Local)
            .doc("Waits on the recipe's clock, in the runtime.")
            .by(|call| {
                let seconds = u64::try_from(call.integer(0)?).unwrap_or_default();
                let clock = call.run().recipe_clock.clone();
                call.wait(async move {
                    clock.sleep(Duration::from_secs(seconds)).await;
                    Ok::<_, Error>(Dynamic::UNIT)
                })
            }),
        Native::function("test_now")
            .gives(Type::Integer)
            .effect(NativeEffect::Local)
            .doc("The recipe's time in seconds.")
            .by(|call| Ok(call.run().recipe_clock.now().timestamp().into())),
    ]
}
