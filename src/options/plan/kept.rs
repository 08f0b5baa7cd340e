//! Plans that this thread has parsed before.
//!
//! PHP makes a request's clients anew from the same options at each request; a parse costs more
//! than all policies of the call that follows. So a thread keeps the plans of its last connections
//! with the options they were parsed from, and hands one out where name and options are equal.
//! Parsing reads nothing but the options (files and environment are read when they are needed), so
//! an equal tree is an equal plan.
//!
//! What is kept holds what the options hold: a secret that the program wrote as a literal stays in
//! the process's memory, as it does in the script that opcache keeps. One by reference is not in it.

use std::cell::RefCell;
use std::sync::Arc;

use super::{OptionError, Plan, Value};

/// Connections of one process that are parsed once; as many as it has engines.
const KEPT_AT_MOST: usize = 32;

struct Kept {
    name: String,
    options: Value,
    plan: Arc<Plan>,
}

thread_local! {
    /// The latest used last.
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

impl Plan {
    /// As [`Plan::parse`], once for equal options.
    ///
    /// # Errors
    /// As [`Plan::parse`].
    pub fn parse_once(name: &str, options: Value) -> Result<Arc<Self>, OptionError> {
        if let Some(plan) = known(name, &options) {
            return Ok(plan);
        }
        let plan = Arc::new(Self::parse(name, &options)?);
        keep(Kept {
            name: name.to_owned(),
            options,
            plan: Arc::clone(&plan),
        });
        Ok(plan)
    }
}

fn known(name: &str, options: &Value) -> Option<Arc<Plan>> {
    KEPT.with_borrow_mut(|kept| {
        let is_it = |one: &Kept| one.name == name && one.options == *options;
        let at = kept.iter().rposition(is_it)?;
        let found = kept.remove(at);
        let plan = Arc::clone(&found.plan);
        kept.push(found);
        Some(plan)
    })
}

fn keep(one: Kept) {
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= KEPT_AT_MOST {
            kept.remove(0);
        }
        kept.push(one);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(attempts: i64) -> Value {
        Value::map([
            ("base_uri", Value::from("https://api.vendor.example/")),
            (
                "retry",
                Value::map([("max_attempts", Value::from(attempts))]),
            ),
        ])
    }

    #[test]
    fn equal_options_of_one_name_are_parsed_once() {
        let first = Plan::parse_once("crm", options(4)).unwrap();
        let again = Plan::parse_once("crm", options(4)).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        for (name, attempts) in [("crm", 3), ("erp", 4)] {
            let other = Plan::parse_once(name, options(attempts)).unwrap();
            assert!(!Arc::ptr_eq(&first, &other));
            assert_eq!(
                (other.name.as_str(), i64::from(other.retry.max_attempts)),
                (name, attempts)
            );
        }
    }

    #[test]
    fn wrong_options_are_refused_every_time() {
        for _ in 0..2 {
            let error = Plan::parse_once("crm", options(0)).unwrap_err();
            assert!(error.to_string().contains("retry.max_attempts"), "{error}");
        }
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let first = Plan::parse_once("c0", options(1)).unwrap();
        for n in 1..KEPT_AT_MOST {
            Plan::parse_once(&format!("c{n}"), options(1)).unwrap();
        }
        assert!(Arc::ptr_eq(
            &first,
            &Plan::parse_once("c0", options(1)).unwrap()
        ));
        let second = Plan::parse_once("c1", options(1)).unwrap();
        Plan::parse_once("new", options(1)).unwrap();
        Plan::parse_once("newer", options(1)).unwrap();
        assert!(Arc::ptr_eq(
            &first,
            &Plan::parse_once("c0", options(1)).unwrap()
        ));
        assert!(Arc::ptr_eq(
            &second,
            &Plan::parse_once("c1", options(1)).unwrap()
        ));
        assert_eq!(KEPT.with_borrow(Vec::len), KEPT_AT_MOST);
    }
}
