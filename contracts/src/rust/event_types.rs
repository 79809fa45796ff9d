//! The types of events that a publisher's source defines.

use syn::visit::{self, Visit};
use syn::{Expr, ExprLit, File, ImplItem, ItemImpl, Lit, Type};

use crate::repository::EventName;

/// A type with an implementation of `Payload`.
pub(crate) struct PayloadType {
    /// The name of the type, such as `TodoCreatedV1`.
    pub(crate) type_name: String,
    /// The event version that its constants name; none when one of them is not a plain value.
    pub(crate) name: Option<EventName>,
}

/// All types of events in a file.
pub(crate) fn payload_types(file: &File) -> Vec<PayloadType> {
    let mut found = Implementations(Vec::new());
    found.visit_file(file);
    found.0
}

struct Implementations(Vec<PayloadType>);

impl<'a> Visit<'a> for Implementations {
    fn visit_item_impl(&mut self, block: &'a ItemImpl) {
        self.0.extend(payload_type(block));
        visit::visit_item_impl(self, block);
    }
}

fn payload_type(block: &ItemImpl) -> Option<PayloadType> {
    let (_, implemented, _) = block.trait_.as_ref()?;
    let Type::Path(own) = &*block.self_ty else { return None };
    let type_name = own.path.segments.last()?.ident.to_string();
    (implemented.segments.last()?.ident == "Payload").then(|| PayloadType { type_name, name: name(block) })
}

fn name(block: &ItemImpl) -> Option<EventName> {
    let constant = |name: &str| {
        block.items.iter().find_map(|item| match item {
            ImplItem::Const(constant) if constant.ident == name => Some(&constant.expr),
            _ => None,
        })
    };
    let Expr::Lit(ExprLit { lit: Lit::Int(version), .. }) = constant("VERSION")? else { return None };
    Some(EventName {
        service: super::text(constant("SERVICE")?)?,
        event: super::text(constant("NAME")?)?,
        version: version.base10_parse().ok()?,
    })
}
