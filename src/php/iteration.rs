//! An iteration over what PHP calls iterable, one step at a time, through its own methods: so that
//! generators, aggregates and iterators of any class can be drawn from when there is room.

use ext_php_rs::types::Zval;
use ext_php_rs::zend::ce;

use super::callbacks::method;
use super::value;
use crate::store::CallbackError;

/// An iteration that is under way.
pub(super) struct Iteration {
    over: Over,
}

enum Over {
    Array(std::vec::IntoIter<(Zval, Zval)>),
    Iterator { iterator: Zval, is_begun: bool },
}

impl Iteration {
    /// Over an array or a `\Traversable`; `None` when it is neither.
    pub(super) fn over(given: &Zval) -> Result<Option<Self>, CallbackError> {
        let given = given.dereference();
        if let Some(array) = given.array() {
            let entries: Vec<_> = array
                .iter()
                .map(|(key, entry)| (value::key(&key), entry.dereference().shallow_clone()))
                .collect();
            let over = Over::Array(entries.into_iter());
            return Ok(Some(Self { over }));
        }
        let is_traversable = |value: &Zval| {
            let object = value.object();
            object.is_some_and(|object| object.instance_of(ce::traversable()))
        };
        if !is_traversable(given) {
            return Ok(None);
        }
        let iterator = innermost(given)?;
        let over = Over::Iterator {
            iterator,
            is_begun: false,
        };
        Ok(Some(Self { over }))
    }

    /// Whether it can be begun once alone.
    pub(super) fn is_generator(&self) -> bool {
        match &self.over {
            Over::Array(_) => false,
            Over::Iterator { iterator, .. } => iterator
                .object()
                .and_then(|object| object.get_class_name().ok())
                .is_some_and(|name| name == "Generator"),
        }
    }

    /// Begins anew with the next step.
    pub(super) fn restart(&mut self) {
        if let Over::Iterator { is_begun, .. } = &mut self.over {
            *is_begun = false;
        }
    }

    /// The next key and value; `None` at the end.
    pub(super) fn step(&mut self) -> Result<Option<(Zval, Zval)>, CallbackError> {
        let (iterator, is_begun) = match &mut self.over {
            Over::Array(entries) => return Ok(entries.next()),
            Over::Iterator { iterator, is_begun } => (iterator, is_begun),
        };
        let step = if std::mem::replace(is_begun, true) {
            "next"
        } else {
            "rewind"
        };
        method(iterator, step, &[])?;
        if !method(iterator, "valid", &[])?.is_true() {
            return Ok(None);
        }
        let key = method(iterator, "key", &[])?;
        Ok(Some((key, method(iterator, "current", &[])?)))
    }
}

/// The iterator behind aggregates, one of which may give another.
fn innermost(given: &Zval) -> Result<Zval, CallbackError> {
    const MAX_AGGREGATES: usize = 8;
    let mut iterator = given.shallow_clone();
    for _ in 0..MAX_AGGREGATES {
        match iterator.object() {
            Some(object) if object.instance_of(ce::iterator()) => return Ok(iterator),
            Some(_) => iterator = method(&iterator, "getIterator", &[])?,
            None => break,
        }
    }
    Err(CallbackError::new("getIterator() gave no iterator"))
}
