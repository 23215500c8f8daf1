//! The contract's types as generated from `wit/`: what the host lends is borrowed, what the guest
//! gives is owned.
#![allow(missing_docs)] // generated; documented in wit/plugin.wit

mod transform {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "hosted-transform",
        ownership: Borrowing { duplicate_if_necessary: true },
        imports: { default: trappable },
    });
}

mod stateful {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "hosted-stateful",
        ownership: Borrowing { duplicate_if_necessary: true },
        imports: { default: trappable },
        with: {
            "vigie:plugin/types": super::transform::vigie::plugin::types,
            "vigie:plugin/log": super::transform::vigie::plugin::log,
            "vigie:plugin/geo": super::transform::vigie::plugin::geo,
            "vigie:plugin/lookup": super::transform::vigie::plugin::lookup,
            "vigie:plugin/pseudonym": super::transform::vigie::plugin::pseudonym,
        },
    });
}

pub use self::stateful::HostedStateful;
pub use self::stateful::vigie::plugin::keyed;
pub use self::transform::HostedTransform;
pub use self::transform::vigie::plugin::{geo, log, lookup, pseudonym, types};
