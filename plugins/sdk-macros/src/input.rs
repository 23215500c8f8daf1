//! What both derives need of a struct.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::visit_mut::VisitMut;
use syn::{Data, DeriveInput, Error, Fields, GenericParam, Ident, Lifetime, Type};

/// A struct of named fields, with a lifetime at most.
pub struct Input {
    /// Its name.
    pub name: Ident,
    /// Its fields.
    pub idents: Vec<Ident>,
    /// Their types, `'static` in place of the lifetime: what the cells are implemented for.
    pub types: Vec<Type>,
    borrows: bool,
}

impl Input {
    /// Reads the struct that a derive stands on.
    pub fn parse(tokens: proc_macro::TokenStream) -> syn::Result<Self> {
        let input: DeriveInput = syn::parse(tokens)?;
        let params: Vec<&GenericParam> = input.generics.params.iter().collect();
        let borrows = match params.as_slice() {
            [] => false,
            [GenericParam::Lifetime(_)] => true,
            _ => return Err(Error::new_spanned(&input.generics, "only one lifetime, and no types")),
        };
        let wrong = Error::new_spanned(&input.ident, "a struct with named fields is needed");
        let Data::Struct(data) = input.data else { return Err(wrong) };
        let Fields::Named(named) = data.fields else { return Err(wrong) };
        let (mut idents, mut types) = (Vec::new(), Vec::new());
        for field in named.named {
            let mut of_field = field.ty;
            Static.visit_type_mut(&mut of_field);
            idents.extend(field.ident);
            types.push(of_field);
        }
        Ok(Self { name: input.ident, idents, types, borrows })
    }

    /// The type that the trait is implemented for.
    pub fn fixed(&self) -> TokenStream {
        let name = &self.name;
        if self.borrows { quote!(#name<'static>) } else { quote!(#name) }
    }

    /// The type of a row that lives for `'a`.
    pub fn row(&self) -> TokenStream {
        let name = &self.name;
        if self.borrows { quote!(#name<'a>) } else { quote!(#name) }
    }

    /// The elements of the trait's `FIELDS`.
    pub fn fields(&self, cell: &TokenStream) -> TokenStream {
        let names = self.idents.iter().map(|ident| ident.unraw().to_string());
        let types = &self.types;
        quote! {
            #(::vigie::FieldSpec {
                name: #names,
                kind: <#types as ::vigie::#cell>::KIND,
                optional: <#types as ::vigie::#cell>::OPTIONAL,
            },)*
        }
    }
}

/// Replaces lifetimes by `'static`.
struct Static;

impl VisitMut for Static {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        lifetime.ident = Ident::new("static", lifetime.ident.span());
    }
}
