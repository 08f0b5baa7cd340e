//! A store that an application wrote in PHP, as the core sees one: each operation is a method call.
//!
//! What the application's code throws is taken out of the engine and carried through the core as
//! a foreign error, so that it comes out of our method as it went in.

use ext_php_rs::convert::IntoZvalDyn;
use ext_php_rs::error::Error;
use ext_php_rs::types::{ZendHashTable, Zval};
use ext_php_rs::zend::ExecutorGlobals;

use super::record;
use super::{step, throw, value};
use crate::store::{Count, Key, Kind, Query, Record, Store, StoreError, StoreErrorKind};

/// The application's store.
pub(super) struct PhpStore {
    object: Zval,
}

impl PhpStore {
    pub(super) fn new(object: &Zval) -> Self {
        Self {
            object: object.shallow_clone(),
        }
    }

    /// Calls a method; the engine reports what it throws beside the result, not in it.
    fn call(&self, method: &str, arguments: Vec<&dyn IntoZvalDyn>) -> Result<Zval, StoreError> {
        match self.object.try_call_method(method, arguments) {
            Ok(answer) if !ExecutorGlobals::has_exception() => Ok(answer),
            Ok(_) => Err(StoreError::from(throw::caught(&Error::Callable))),
            Err(error) => Err(StoreError::from(throw::caught(&error))),
        }
    }

    fn answer<T>(method: &str, expected: &str, answer: Option<T>) -> Result<T, StoreError> {
        answer.ok_or_else(|| {
            let message = format!("the store's {method}() must return {expected}");
            StoreError::new(StoreErrorKind::Misuse, message)
        })
    }
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> Result<Zval, StoreError> {
    let words = value::list(words.map(|word| value::bytes(word.as_bytes())));
    Ok(value::array(words.map_err(engine_refused)?))
}

fn count_of(answer: &Zval) -> Option<usize> {
    answer.long().and_then(|count| usize::try_from(count).ok())
}

fn engine_refused<E>(_: E) -> StoreError {
    StoreError::new(StoreErrorKind::Misuse, "PHP could not build an array")
}

fn array_of(record: &Record) -> Result<Zval, StoreError> {
    Ok(value::array(
        record::to_array(record).map_err(engine_refused)?,
    ))
}

impl Store for PhpStore {
    fn now_ms(&self) -> Result<i64, StoreError> {
        if let Some(frozen) = crate::clock::frozen_unix() {
            return Ok(frozen.0);
        }
        let now = self.call("nowMs", Vec::new())?;
        Self::answer("nowMs", "milliseconds", now.long())
    }

    fn insert(&self, kind: Kind, record: &Record) -> Result<bool, StoreError> {
        let record = array_of(record)?;
        let inserted = self.call("insert", vec![&kind.name(), &record])?;
        Self::answer("insert", "a bool", inserted.bool())
    }

    fn read(&self, kind: Kind, key: &Key) -> Result<Option<Record>, StoreError> {
        let found = self.call("read", vec![&kind.name(), &key.to_string()])?;
        if found.is_null() {
            return Ok(None);
        }
        let found = Self::answer("read", "an array or NULL", found.array())?;
        record::from_array(found).map(Some)
    }

    fn replace(&self, kind: Kind, record: &Record, version: i64) -> Result<bool, StoreError> {
        let record = array_of(record)?;
        let replaced = self.call("replace", vec![&kind.name(), &record, &version])?;
        Self::answer("replace", "a bool", replaced.bool())
    }

    fn find(&self, kind: Kind, query: &Query<'_>) -> Result<Vec<Record>, StoreError> {
        let states = words(query.states.iter().copied())?;
        let scope = value::optional_text(query.scope);
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let after = match query.after {
            Some(place) => value::array(record::place_to_array(place).map_err(engine_refused)?),
            None => Zval::null(),
        };
        let found = self.call(
            "find",
            vec![
                &kind.name(),
                &states,
                &scope,
                &value::optional_int(query.due_until_ms),
                &limit,
                &query.with_payload,
                &after,
            ],
        )?;
        rows("find", &found)?.map(record::from_array).collect()
    }

    fn count_up_to(
        &self,
        kind: Kind,
        states: &[&str],
        scope: Option<&str>,
        at_most: usize,
    ) -> Result<usize, StoreError> {
        let states = words(states.iter().copied())?;
        let scope = value::optional_text(scope);
        let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
        let counted = self.call("countUpTo", vec![&kind.name(), &states, &scope, &at_most])?;
        let counted = counted.long().and_then(|count| usize::try_from(count).ok());
        Self::answer("countUpTo", "a count", counted)
    }

    fn counts(&self, kind: Kind) -> Result<Vec<Count>, StoreError> {
        let found = self.call("counts", vec![&kind.name()])?;
        rows("counts", &found)?
            .map(record::count_from_array)
            .collect()
    }

    fn delete(&self, kind: Kind, key: &Key) -> Result<bool, StoreError> {
        let deleted = self.call("delete", vec![&kind.name(), &key.to_string()])?;
        Self::answer("delete", "a bool", deleted.bool())
    }

    fn erase(&self, kind: Kind, keys: &[Key]) -> Result<usize, StoreError> {
        let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
        let keys = words(keys.iter().map(String::as_str))?;
        let erased = self.call("erase", vec![&kind.name(), &keys])?;
        Self::answer("erase", "a count", count_of(&erased))
    }

    fn purge(
        &self,
        kind: Kind,
        states: &[&str],
        before_ms: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let states = words(states.iter().copied())?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let purged = self.call("purge", vec![&kind.name(), &states, &before_ms, &limit])?;
        Self::answer("purge", "a count", count_of(&purged))
    }

    fn atomically(
        &self,
        work: &mut dyn FnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        step::run(work, |callable| {
            self.call("atomically", vec![callable]).map(|_| ())
        })
    }
}

fn rows<'a>(
    method: &str,
    found: &'a Zval,
) -> Result<impl Iterator<Item = &'a ZendHashTable>, StoreError> {
    let found = PhpStore::answer(method, "a list of arrays", found.array())?;
    Ok(found.values().filter_map(Zval::array))
}
