//! The macro that makes a plugin's exports.

/// Makes a component of a [`Transform`](crate::Transform): write it once, at the root of the crate.
#[macro_export]
macro_rules! export_transform {
    ($plugin:ty) => {
        // Natively a plugin is a library for tests; two of them in one program would export the same names.
        #[cfg(target_arch = "wasm32")]
        #[doc(hidden)]
        #[allow(unsafe_code, missing_docs)]
        mod vigie_export {
            use super::*;
            use ::std::cell::RefCell;
            use ::vigie::bindings::{Column, Guest, Patch, Plan, Problem, Setup};

            struct Exported;

            ::std::thread_local! {
                // An instance serves one step, which the host configures before the first batch.
                static STEP: RefCell<Option<::vigie::Step<$plugin>>> = const { RefCell::new(None) };
            }

            impl Guest for Exported {
                fn configure(setup: Setup) -> Result<Plan, Vec<Problem>> {
                    let (step, plan) = ::vigie::Step::<$plugin>::configure(&setup)?;
                    STEP.set(Some(step));
                    Ok(plan)
                }

                fn transform(rows: u32, columns: Vec<Column>) -> Patch {
                    STEP.with_borrow_mut(|step| match step {
                        Some(step) => step.transform(rows, columns),
                        // The host refuses it, as columns are missing.
                        None => Patch { rows: None, columns: vec![], rejects: vec![], counts: vec![] },
                    })
                }
            }

            ::vigie::bindings::export_world!(Exported with_types_in ::vigie::bindings);
        }
    };
}

/// Makes a component of a [`Stateful`](crate::Stateful): write it once, at the root of the crate.
#[macro_export]
macro_rules! export_stateful {
    ($plugin:ty) => {
        // Natively a plugin is a library for tests; two of them in one program would export the same names.
        #[cfg(target_arch = "wasm32")]
        #[doc(hidden)]
        #[allow(unsafe_code, missing_docs)]
        mod vigie_export {
            use super::*;
            use ::std::cell::RefCell;
            use ::vigie::bindings::vigie::plugin::types::{Column, Plan, Problem, Setup};
            use ::vigie::keyed_bindings::Guest;
            use ::vigie::keyed_bindings::vigie::plugin::keyed::{Kept, KeyedPatch, KeyedRows};

            struct Exported;

            ::std::thread_local! {
                // An instance serves one step, which the host configures before the first batch.
                static STEP: RefCell<Option<::vigie::KeyedStep<$plugin>>> = const { RefCell::new(None) };
            }

            /// The host refuses it, as columns are missing.
            fn nothing() -> KeyedPatch {
                KeyedPatch {
                    kept: Kept { words: vec![], bytes: vec![] },
                    origins: vec![],
                    columns: vec![],
                    rejects: vec![],
                    counts: vec![],
                }
            }

            impl Guest for Exported {
                fn configure(setup: Setup) -> Result<Plan, Vec<Problem>> {
                    let (step, plan) = ::vigie::KeyedStep::<$plugin>::configure(&setup)?;
                    STEP.set(Some(step));
                    Ok(plan)
                }

                fn fold(batch: KeyedRows) -> KeyedPatch {
                    STEP.with_borrow_mut(|step| step.as_mut().map_or_else(nothing, |step| step.fold(batch)))
                }

                fn fire(at: Vec<i64>, _keys: Vec<Column>, kept: Kept) -> KeyedPatch {
                    STEP.with_borrow_mut(|step| step.as_mut().map_or_else(nothing, |step| step.fire(&at, kept)))
                }
            }

            ::vigie::keyed_bindings::export_world!(Exported with_types_in ::vigie::keyed_bindings);
        }
    };
}
