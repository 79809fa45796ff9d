//! The paths in each module's code, resolved to the modules that they lead into.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

use crate::checks::sources::Source;

/// The longest chain of re-exports that is followed; more would be a circle of re-exports.
const MAX_RE_EXPORTS: usize = 8;

/// How paths from the root of the crate begin.
const ROOT: &str = "crate";

/// What a module's code refers to.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// The modules of the same crate.
    pub(super) targets: BTreeSet<String>,
    /// The first segments of the other paths, other crates among them.
    pub(super) crates: BTreeSet<String>,
    /// The names that it imports, and what they lead to, from the crate's root.
    imports: BTreeMap<String, Vec<String>>,
    /// The modules that it imports everything of.
    globs: Vec<Vec<String>>,
    paths: Vec<Vec<String>>,
    /// The names of the items that it defines.
    items: BTreeSet<String>,
}

/// The modules of one crate, while their paths are resolved.
struct Crate<'a> {
    /// The name that its program uses for its library.
    name: &'a str,
    modules: &'a BTreeMap<String, Module>,
}

/// Reads the modules of the crate in a folder, by their paths from the crate's root, such as `store::rows`.
pub(super) fn read(folder: &str, sources: &[Source]) -> Result<BTreeMap<String, Module>> {
    let src = format!("{folder}/src/");
    let mut modules = BTreeMap::new();
    for source in sources.iter().filter(|source| source.path.starts_with(&src) && source.ending() == "rs") {
        let name = module_name(&source.path[src.len()..]);
        let file = syn::parse_file(&source.text).with_context(|| format!("{} is not valid Rust", source.path))?;
        let mut reader = Reader { module: &name, found: Module::default() };
        reader.items(&file.items, &mut Vec::new());
        // `main.rs` and `lib.rs` are both the root of one crate.
        let module: &mut Module = modules.entry(name.clone()).or_default();
        module.merge(reader.found);
    }
    let name = folder.rsplit('/').next().unwrap_or_default().replace('-', "_");
    let resolved = Crate { name: &name, modules: &modules }.resolve();
    for (module, (targets, crates)) in modules.values_mut().zip(resolved) {
        module.targets = targets;
        module.crates = crates;
    }
    Ok(modules)
}

/// The path of a module by its file: `store/rows.rs` is `store::rows`, the root is empty.
fn module_name(file: &str) -> String {
    match file.trim_end_matches(".rs") {
        "main" | "lib" => String::new(),
        path => path.replace('/', "::"),
    }
}

impl Crate<'_> {
    /// The modules and the other crates that each module refers to, in the order of the modules.
    fn resolve(&self) -> Vec<(BTreeSet<String>, BTreeSet<String>)> {
        let of_module = |(name, module): (&String, &Module)| {
            let (mut targets, mut crates) = (BTreeSet::new(), BTreeSet::new());
            for path in module.paths.iter().chain(module.imports.values()).chain(&module.globs) {
                match self.target(name, path) {
                    Some(target) => drop(targets.insert(target)),
                    None => crates.extend(path.first().cloned()),
                }
            }
            targets.remove(name);
            (targets, crates)
        };
        self.modules.iter().map(of_module).collect()
    }

    /// The module that a path leads into: one of this crate, else none.
    fn target(&self, from: &str, path: &[String]) -> Option<String> {
        let mut path = self.absolute(from, path)?;
        for _ in 0..MAX_RE_EXPORTS {
            let (module, rest) = self.longest_module(&path);
            let Some(next) = rest.first() else { return Some(module) };
            let Some(exported) = self.exported(&module, next) else { return Some(module) };
            path = exported.into_iter().chain(rest[1..].iter().cloned()).collect();
        }
        None
    }

    /// A path from the crate's root: it begins with `crate`, a module inside the present one, an import, or the crate.
    fn absolute(&self, from: &str, path: &[String]) -> Option<Vec<String>> {
        let first = path.first()?;
        if first == ROOT {
            return Some(path[1..].to_vec());
        }
        if self.modules.contains_key(&join(from, first)) {
            return Some(segments(from).chain(path.iter().cloned()).collect());
        }
        let import = self.modules.get(from)?.imports.get(first);
        if let Some(import) = import.filter(|import| import.first().is_some_and(|one| one == ROOT)) {
            return Some(import[1..].iter().chain(&path[1..]).cloned().collect());
        }
        (first == self.name && path.len() > 1).then(|| path[1..].to_vec())
    }

    fn longest_module<'a>(&self, path: &'a [String]) -> (String, &'a [String]) {
        let mut prefixes = (0..=path.len()).rev().map(|length| (path[..length].join("::"), &path[length..]));
        prefixes.find(|(name, _)| self.modules.contains_key(name)).unwrap_or((String::new(), path))
    }

    /// What a module imports under a name, and so may export, from the crate's root.
    fn exported(&self, module: &str, name: &str) -> Option<Vec<String>> {
        let here = self.modules.get(module)?;
        if let Some(import) = here.imports.get(name) {
            return self.absolute(module, import).filter(|path| path.join("::") != join(module, name));
        }
        let mut globs = here.globs.iter().filter_map(|glob| self.absolute(module, glob));
        let defines = |glob: &Vec<String>| self.modules.get(&glob.join("::")).is_some_and(|one| one.defines(name));
        let mut definition = globs.find(defines)?;
        definition.push(name.to_owned());
        Some(definition)
    }
}

fn join(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

fn segments(module: &str) -> impl Iterator<Item = String> + '_ {
    module.split("::").filter(|segment| !segment.is_empty()).map(str::to_owned)
}

impl Module {
    fn merge(&mut self, other: Self) {
        self.imports.extend(other.imports);
        self.globs.extend(other.globs);
        self.paths.extend(other.paths);
        self.items.extend(other.items);
    }

    fn defines(&self, name: &str) -> bool {
        self.imports.contains_key(name) || self.items.contains(name)
    }
}

/// Collects the paths of one file.
struct Reader<'a> {
    module: &'a str,
    found: Module,
}

impl Reader<'_> {
    /// The items of a module; `inner` are the inline modules around them.
    fn items(&mut self, items: &[Item], inner: &mut Vec<String>) {
        for item in items.iter().filter(|item| !is_for_tests(attributes(item))) {
            match item {
                Item::Use(one) => self.import(&one.tree, &mut Vec::new(), inner.len()),
                Item::Mod(one) => {
                    if let Some((_, items)) = &one.content {
                        inner.push(one.ident.to_string());
                        self.items(items, inner);
                        inner.pop();
                    }
                }
                other => {
                    self.found.items.extend(item_name(other));
                    Paths { reader: self, depth: inner.len() }.visit_item(other);
                }
            }
        }
    }

    fn import(&mut self, tree: &UseTree, prefix: &mut Vec<String>, depth: usize) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(&path.tree, prefix, depth);
                prefix.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, prefix, depth)),
            UseTree::Glob(_) => self.found.globs.push(self.normal(prefix, depth)),
            UseTree::Name(name) if name.ident == "self" => {
                let path = self.normal(prefix, depth);
                self.found.imports.extend(prefix.last().cloned().map(|name| (name, path)));
            }
            UseTree::Name(name) => self.add_import(prefix, &name.ident.to_string(), &name.ident.to_string(), depth),
            UseTree::Rename(rename) => {
                self.add_import(prefix, &rename.ident.to_string(), &rename.rename.to_string(), depth);
            }
        }
    }

    fn add_import(&mut self, prefix: &[String], name: &str, alias: &str, depth: usize) {
        let whole: Vec<String> = prefix.iter().cloned().chain([name.to_owned()]).collect();
        let path = self.normal(&whole, depth);
        if alias == "_" {
            self.found.paths.push(path);
        } else {
            self.found.imports.insert(alias.to_owned(), path);
        }
    }

    fn add_path(&mut self, segments: &[String], depth: usize) {
        // A single segment is an item of this module, an import, or a local name.
        if segments.len() > 1 {
            let path = self.normal(segments, depth);
            self.found.paths.push(path);
        }
    }

    /// The path with `self` and `super` written as `crate::…`.
    fn normal(&self, path: &[String], depth: usize) -> Vec<String> {
        let mut module: Vec<String> = segments(self.module).collect();
        let mut inner = depth;
        let mut rest = path;
        while let Some(first) = rest.first() {
            match first.as_str() {
                "self" => {}
                "super" if inner > 0 => inner -= 1,
                "super" => drop(module.pop()),
                ROOT => return path.to_vec(),
                _ if rest.len() == path.len() => return path.to_vec(),
                _ => break,
            }
            rest = &rest[1..];
        }
        module.extend(rest.iter().cloned());
        with_root(&module)
    }
}

fn with_root(path: &[String]) -> Vec<String> {
    std::iter::once(ROOT.to_owned()).chain(path.iter().cloned()).collect()
}

/// Visits the paths inside an item, also those in the arguments of macros.
struct Paths<'a, 'b> {
    reader: &'a mut Reader<'b>,
    depth: usize,
}

impl<'ast> Visit<'ast> for Paths<'_, '_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.reader.add_path(&segments, self.depth);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.reader.import(&item.tree, &mut Vec::new(), self.depth);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

impl Paths<'_, '_> {
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    self.tokens(group.stream());
                    colons = 0;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.end(&mut path);
                    colons = 0;
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        self.reader.add_path(&std::mem::take(path), self.depth);
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let condition = attribute.meta.require_list().ok().filter(|list| list.path.is_ident("cfg"));
        attribute.path().is_ident("test") || condition.is_some_and(|list| list.tokens.to_string() == "test")
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(one) => &one.attrs,
        Item::Enum(one) => &one.attrs,
        Item::Fn(one) => &one.attrs,
        Item::Impl(one) => &one.attrs,
        Item::Macro(one) => &one.attrs,
        Item::Mod(one) => &one.attrs,
        Item::Static(one) => &one.attrs,
        Item::Struct(one) => &one.attrs,
        Item::Trait(one) => &one.attrs,
        Item::Type(one) => &one.attrs,
        Item::Use(one) => &one.attrs,
        _ => &[],
    }
}

fn item_name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(one) => &one.ident,
        Item::Enum(one) => &one.ident,
        Item::Fn(one) => &one.sig.ident,
        Item::Static(one) => &one.ident,
        Item::Struct(one) => &one.ident,
        Item::Trait(one) => &one.ident,
        Item::Type(one) => &one.ident,
        _ => return None,
    };
    Some(name.to_string())
}
