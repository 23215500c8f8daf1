//! The macro that makes a plugin's exports.

/// Makes a component of a [`Transform`](crate::Transform): write it once, at the root of the crate.
#[macro_export]
macro_rules! export_transform {
    ($plugin:ty) => {
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
