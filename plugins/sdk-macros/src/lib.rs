//! The derives of the `vigie` SDK: from a struct's fields to the columns that a plugin reads or
//! writes, and to the words that it keeps. They know names and lifetimes only; which Rust type is which kind is said by the SDK's
//! `ReadCell`, `WriteCell` and `StateCell`, so that a wrong type is reported by their message.

mod input;

use proc_macro::TokenStream;
use quote::quote;

use crate::input::Input;

/// Makes a struct what a plugin reads of an event.
///
/// Fields are `bool`, `i64`, `u64`, `f64`, `vigie::Timestamp`, `&'a str`, or an `Option` of these.
#[proc_macro_derive(Reads)]
pub fn derive_reads(tokens: TokenStream) -> TokenStream {
    Input::parse(tokens).map_or_else(|error| error.to_compile_error(), |input| reads(&input)).into()
}

/// Makes a struct what a plugin writes of an event.
///
/// Fields are as those read, and also `String`.
#[proc_macro_derive(Writes)]
pub fn derive_writes(tokens: TokenStream) -> TokenStream {
    Input::parse(tokens).map_or_else(|error| error.to_compile_error(), |input| writes(&input)).into()
}

/// Makes a struct what a plugin keeps for a key.
///
/// Fields are `bool`, `i64`, `u64`, `f64`, `vigie::Timestamp`, `String`, `Vec<u8>`, or an `Option` of these.
#[proc_macro_derive(State)]
pub fn derive_state(tokens: TokenStream) -> TokenStream {
    Input::parse(tokens).map_or_else(|error| error.to_compile_error(), |input| state(&input)).into()
}

fn state(input: &Input) -> proc_macro2::TokenStream {
    let Input { name, idents, .. } = input;
    let (fixed, fields) = (input.fixed(), input.fields(&quote!(StateCell)));
    quote! {
        const _: () = {
            impl ::vigie::State for #fixed {
                const FIELDS: &'static [::vigie::FieldSpec] = &[#fields];

                fn load(mut words: ::vigie::Words<'_>) -> Self {
                    #name { #(#idents: words.next_cell(),)* }
                }

                fn store(self, mut words: ::vigie::WordsMut<'_>) {
                    let #name { #(#idents,)* } = self;
                    #(words.next_cell(#idents);)*
                }
            }
        };
    }
}

fn reads(input: &Input) -> proc_macro2::TokenStream {
    let Input { name, idents, types, .. } = input;
    let (fixed, row, fields) = (input.fixed(), input.row(), input.fields(&quote!(ReadCell)));
    quote! {
        const _: () = {
            pub struct Columns { #(#idents: <#types as ::vigie::ReadCell>::Column,)* }

            impl ::vigie::Reads for #fixed {
                type Columns = Columns;
                type Row<'a> = #row;
                const FIELDS: &'static [::vigie::FieldSpec] = &[#fields];

                fn columns(source: &mut ::vigie::Source) -> Columns {
                    Columns { #(#idents: <#types as ::vigie::ReadCell>::take(source.next_column()),)* }
                }

                fn row<'a>(columns: &'a Columns, row: usize) -> #row {
                    #name { #(#idents: <#types as ::vigie::ReadCell>::get(&columns.#idents, row),)* }
                }
            }
        };
    }
}

fn writes(input: &Input) -> proc_macro2::TokenStream {
    let Input { name, idents, types, .. } = input;
    let (fixed, row, fields) = (input.fixed(), input.row(), input.fields(&quote!(WriteCell)));
    quote! {
        const _: () = {
            pub struct Columns { #(#idents: <#types as ::vigie::WriteCell>::Column,)* }

            impl ::vigie::Writes for #fixed {
                type Columns = Columns;
                type Row<'a> = #row;
                const FIELDS: &'static [::vigie::FieldSpec] = &[#fields];

                fn columns(rows: usize) -> Columns {
                    Columns { #(#idents: <#types as ::vigie::WriteCell>::column(rows),)* }
                }

                fn push<'a>(columns: &mut Columns, row: #row) {
                    let #name { #(#idents,)* } = row;
                    #(<#types as ::vigie::WriteCell>::push(&mut columns.#idents, #idents);)*
                }

                fn skip(columns: &mut Columns) {
                    #(<#types as ::vigie::WriteCell>::skip(&mut columns.#idents);)*
                }

                fn finish(columns: Columns, sink: &mut ::vigie::Sink) {
                    #(sink.next_column(<#types as ::vigie::WriteCell>::finish(columns.#idents));)*
                }

                fn gather(mut rows: ::std::vec::Vec<Self::Row<'_>>, sink: &mut ::vigie::Sink) {
                    #(sink.next_column(<#types as ::vigie::WriteCell>::gather(
                        rows.iter_mut().map(|row| ::std::mem::take(&mut row.#idents)),
                    ));)*
                }
            }
        };
    }
}
