//! The types of which a source builds values.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{
    Arm, Attribute, Expr, ExprBlock, ExprCall, ExprStruct, File, ImplItemFn, ItemConst, ItemFn, ItemImpl, ItemMod,
    ItemStatic, ItemStruct, Local, Macro, Meta, Path, UseRename,
};

use super::arguments;

/// The functions of a type that build a value of it.
const CONSTRUCTORS: [&str; 3] = ["new", "from", "try_from"];

/// What a source builds, and the other files that belong to it.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// The names of the types, such as `TodoCreatedV1`.
    pub(crate) types: BTreeSet<String>,
    /// The modules in separate files, as paths below the module of the source, such as `api` or `inner/api`.
    pub(crate) modules: Vec<String>,
}

/// What a file builds whenever it is compiled: neither for tests alone nor on another condition.
pub(crate) fn built(file: &File) -> Built {
    let mut values = Values::default();
    if !is_conditional(&file.attrs) {
        values.visit_file(file);
    }
    let Values { renamed, own, mut found, .. } = values;
    let original = |name: String| renamed.get(&name).cloned().unwrap_or(name);
    found.types = found.types.into_iter().filter(|name| !own.contains(name)).map(original).collect();
    found
}

#[derive(Default)]
struct Values {
    /// The modules in braces around the present place.
    folder: Vec<String>,
    /// The names after `as` with those before it.
    renamed: BTreeMap<String, String>,
    /// The types that the file defines itself.
    own: BTreeSet<String>,
    found: Built,
}

impl<'a> Visit<'a> for Values {
    fn visit_item_mod(&mut self, module: &'a ItemMod) {
        if is_conditional(&module.attrs) {
            return;
        }
        self.folder.push(module.ident.to_string());
        match &module.content {
            Some(_) => visit::visit_item_mod(self, module),
            None => self.found.modules.push(self.folder.join("/")),
        }
        self.folder.pop();
    }

    fn visit_item_fn(&mut self, function: &'a ItemFn) {
        if !is_conditional(&function.attrs) {
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_item_impl(&mut self, block: &'a ItemImpl) {
        if !is_conditional(&block.attrs) {
            visit::visit_item_impl(self, block);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'a ImplItemFn) {
        if !is_conditional(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_const(&mut self, item: &'a ItemConst) {
        if !is_conditional(&item.attrs) {
            visit::visit_item_const(self, item);
        }
    }

    fn visit_item_static(&mut self, item: &'a ItemStatic) {
        if !is_conditional(&item.attrs) {
            visit::visit_item_static(self, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'a ItemStruct) {
        self.own.insert(item.ident.to_string());
    }

    fn visit_use_rename(&mut self, rename: &'a UseRename) {
        self.renamed.insert(rename.rename.to_string(), rename.ident.to_string());
    }

    fn visit_local(&mut self, local: &'a Local) {
        if !is_conditional(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_arm(&mut self, arm: &'a Arm) {
        if !is_conditional(&arm.attrs) {
            visit::visit_arm(self, arm);
        }
    }

    fn visit_expr_block(&mut self, block: &'a ExprBlock) {
        if !is_conditional(&block.attrs) {
            visit::visit_expr_block(self, block);
        }
    }

    fn visit_expr_struct(&mut self, value: &'a ExprStruct) {
        self.add(&value.path);
        visit::visit_expr_struct(self, value);
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if let Expr::Path(function) = &*call.func {
            self.add(&function.path);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, found: &'a Macro) {
        for argument in arguments(found) {
            self.visit_expr(&argument);
        }
    }
}

impl Values {
    /// The type in `TodoCreatedV1`, or in `TodoCreatedV1::new`.
    fn add(&mut self, path: &Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        match &names[..] {
            [.., of, constructor] if CONSTRUCTORS.contains(&constructor.as_str()) => {
                self.found.types.insert(of.clone());
            }
            [.., last] => drop(self.found.types.insert(last.clone())),
            [] => {}
        }
    }
}

/// Whether an item is compiled on a condition other than `cfg(not(test))`, or is a test.
fn is_conditional(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_for_programs = |condition: &Meta| match condition {
            Meta::List(list) => {
                list.path.is_ident("not") && list.parse_args::<Path>().is_ok_and(|it| it.is_ident("test"))
            }
            _ => false,
        };
        let is_condition = attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr");
        attribute.path().is_ident("test")
            || (is_condition && !attribute.parse_args::<Meta>().is_ok_and(|condition| is_for_programs(&condition)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builds(source: &str) -> bool {
        built(&syn::parse_file(source).unwrap()).types.contains("DoneV1")
    }

    #[test]
    fn a_value_of_the_type_is_built_in_each_of_its_forms() {
        for source in [
            "fn f() -> Row { row(DoneV1 { id }) }",
            "fn f() { send(events::DoneV1::new(id)); }",
            "fn f() { send(DoneV1(id)); }",
            "use events::DoneV1 as Done; fn f() { send(Done { id }); }",
            "fn f() { let all = vec![DoneV1 { id }]; }",
            "impl From<Item> for Row { fn from(item: Item) -> Self { match item { _ => row(DoneV1::from(item)) } } }",
            "#[cfg(not(test))] fn f() { send(DoneV1 { id }); }",
        ] {
            assert!(builds(source), "{source}");
        }
    }

    #[test]
    fn a_name_alone_builds_nothing() {
        for source in [
            "// DoneV1 { id }\nfn f() {}",
            "/* DoneV1::new(id) */ fn f() {}",
            "use events::DoneV1;",
            "use events::DoneV1 as Done; fn f(done: Done) {}",
            "const TEXT: &str = \"DoneV1 { id }\";",
            "fn f(DoneV1 { id }: DoneV1) {}",
            "fn f() { schema::<DoneV1>(); DoneV1::schema(); }",
            "#[cfg(test)] mod tests { fn f() { send(DoneV1 { id }); } }",
            "#[cfg(any())] fn f() { send(DoneV1 { id }); }",
            "#[test] fn f() { send(DoneV1 { id }); }",
            "fn f() { #[cfg(test)] let done = DoneV1 { id }; }",
            "#![cfg(test)] fn f() { send(DoneV1 { id }); }",
            "struct DoneV1 {} fn f() { send(DoneV1 {}); }",
            "use events::OtherV1 as DoneV1; fn f() { send(DoneV1 { id }); }",
        ] {
            assert!(!builds(source), "{source}");
        }
    }

    #[test]
    fn modules_are_those_of_the_program() {
        let source = "mod api; #[cfg(test)] mod limits; mod inner { mod api; #[cfg(test)] mod tests; }";
        assert_eq!(built(&syn::parse_file(source).unwrap()).modules, ["api", "inner/api"]);
    }
}
