//! As much of GraphQL as the pricing service needs: one query operation with fields, arguments,
//! variables and nested selections; no fragments, aliases or directives.
//!
//! [`parse`] gives the selection, [`select`] cuts the full object down to it. Depth and number of
//! fields are bounded, since queries come from outside.

use serde_json::{Map, Value};

/// Nesting at most.
const DEPTH_AT_MOST: usize = 8;

/// Fields at most.
const FIELDS_AT_MOST: usize = 100;

/// One field of a selection.
#[derive(Debug, PartialEq)]
pub struct Field {
    /// Its name, which is also its key in the answer.
    pub name: String,
    /// Arguments by name, variables already put in.
    pub arguments: Map<String, Value>,
    /// Nested fields; none for a scalar.
    pub fields: Vec<Field>,
}

/// The query's top fields.
///
/// # Errors
/// A sentence saying where the text is not a query that this service can run.
pub fn parse(query: &str, variables: &Map<String, Value>) -> Result<Vec<Field>, String> {
    let mut parser = Parser {
        tokens: tokens(query)?,
        next: 0,
        fields_left: FIELDS_AT_MOST,
        variables,
    };
    parser.skip_head()?;
    let fields = parser.selection(0)?;
    match parser.take() {
        None => Ok(fields),
        Some(token) => Err(format!("unexpected {token} after the operation")),
    }
}

/// The parts of `object` that the selection names.
///
/// # Errors
/// A sentence naming a field that is not there, or that lacks or must not have a selection.
pub fn select(object: &Value, fields: &[Field]) -> Result<Value, String> {
    let Value::Object(members) = object else {
        return if fields.is_empty() {
            Ok(object.clone())
        } else {
            Err("a scalar must not have a selection".to_owned())
        };
    };
    if fields.is_empty() {
        return Err("an object must have a selection".to_owned());
    }
    let mut selected = Map::new();
    for field in fields {
        let Some(value) = members.get(&field.name) else {
            return Err(format!("cannot query field \"{}\"", field.name));
        };
        let value = select(value, &field.fields)?;
        selected.insert(field.name.clone(), value);
    }
    Ok(Value::Object(selected))
}

/// Names, numbers and strings (with their quotes), and single punctuation marks; commas are space.
fn tokens(query: &str) -> Result<Vec<&str>, String> {
    let mut found = Vec::new();
    let mut rest = query;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        let Some(first) = rest.chars().next() else {
            return Ok(found);
        };
        let length = match first {
            '#' => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after);
                continue;
            }
            '"' => match rest.get(1..).and_then(|after| after.find('"')) {
                Some(length) => length + 2,
                None => return Err("a string does not end".to_owned()),
            },
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            '{' | '}' | '(' | ')' | ':' | '$' | '!' | '[' | ']' | '=' => 1,
            other => return Err(format!("unexpected '{other}'")),
        };
        let (token, after) = rest.split_at(length);
        found.push(token);
        rest = after;
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

struct Parser<'a> {
    tokens: Vec<&'a str>,
    next: usize,
    fields_left: usize,
    variables: &'a Map<String, Value>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.next).copied()
    }

    fn take(&mut self) -> Option<&'a str> {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        match self.take() {
            Some(token) if token == wanted => Ok(()),
            Some(token) => Err(format!("expected {wanted}, got {token}")),
            None => Err(format!("expected {wanted}, got the end")),
        }
    }

    fn name(&mut self) -> Result<&'a str, String> {
        match self.take() {
            Some(token) if token.chars().all(is_word) => Ok(token),
            Some(token) => Err(format!("expected a name, got {token}")),
            None => Err("expected a name, got the end".to_owned()),
        }
    }

    /// Passes `query Name($id: ID!)`; the types of variables are not checked.
    fn skip_head(&mut self) -> Result<(), String> {
        if self.peek() == Some("{") {
            return Ok(());
        }
        self.expect("query")?;
        while let Some(token) = self.peek() {
            if token == "{" {
                return Ok(());
            }
            self.next += 1;
        }
        Err("the operation has no selection".to_owned())
    }

    fn selection(&mut self, depth: usize) -> Result<Vec<Field>, String> {
        if depth >= DEPTH_AT_MOST {
            return Err(format!("nested deeper than {DEPTH_AT_MOST}"));
        }
        self.expect("{")?;
        let mut fields = Vec::new();
        while self.peek() != Some("}") {
            self.fields_left = match self.fields_left.checked_sub(1) {
                Some(left) => left,
                None => return Err(format!("more than {FIELDS_AT_MOST} fields")),
            };
            let name = self.name()?.to_owned();
            let arguments = match self.peek() {
                Some("(") => self.arguments()?,
                _ => Map::new(),
            };
            let nested = match self.peek() {
                Some("{") => self.selection(depth + 1)?,
                _ => Vec::new(),
            };
            fields.push(Field {
                name,
                arguments,
                fields: nested,
            });
        }
        self.expect("}")?;
        Ok(fields)
    }

    fn arguments(&mut self) -> Result<Map<String, Value>, String> {
        self.expect("(")?;
        let mut arguments = Map::new();
        while self.peek() != Some(")") {
            let name = self.name()?.to_owned();
            self.expect(":")?;
            let value = self.value()?;
            arguments.insert(name, value);
        }
        self.expect(")")?;
        Ok(arguments)
    }

    fn value(&mut self) -> Result<Value, String> {
        let token = self.take().ok_or("expected a value, got the end")?;
        if token == "$" {
            let name = self.name()?;
            let value = self.variables.get(name).cloned();
            return value.ok_or_else(|| format!("variable ${name} has no value"));
        }
        if let Some(text) = token.strip_prefix('"') {
            return Ok(Value::from(text.strip_suffix('"').unwrap_or(text)));
        }
        match token.parse::<i64>() {
            Ok(number) => Ok(Value::from(number)),
            Err(_) => Err(format!("expected a value, got {token}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(query: &str) -> Result<Value, String> {
        let variables = Map::from_iter([("id".to_owned(), json!("42"))]);
        let fields = parse(query, &variables)?;
        assert_eq!(fields[0].arguments["id"], json!("42"));
        let full = json!({"id": "42", "price": {"amount_cents": 7, "currency": "EUR"}});
        select(&full, &fields[0].fields)
    }

    #[test]
    fn a_selection_gives_just_the_fields_asked_for() {
        let query = "query P($id: ID!) {\n # why\n product(id: $id) { id, price { currency } } }";
        let expected = json!({"id": "42", "price": {"currency": "EUR"}});
        assert_eq!(run(query), Ok(expected));
        assert_eq!(run("{product(id:\"42\"){id}}"), Ok(json!({"id": "42"})));
    }

    #[test]
    fn what_cannot_be_run_is_refused_with_its_place() {
        for (query, why) in [
            ("", "expected query"),
            ("mutation { a }", "expected query"),
            ("{ product(id: $no) { id } }", "$no"),
            ("{ product(id: \"42) { id } }", "string does not end"),
            ("{ product(id: $id) { id }", "end"),
            ("{ product(id: $id) { id } } x", "after the operation"),
            ("{ product(id: $id) { cost } }", "\"cost\""),
            ("{ product(id: $id) { id { x } } }", "scalar"),
            ("{ product(id: $id) { price } }", "must have a selection"),
            ("{ product(id: $id) { a @skip } }", "'@'"),
        ] {
            let got = run(query);
            assert!(
                got.as_ref().is_err_and(|got| got.contains(why)),
                "{query}: {got:?}"
            );
        }
        let deep = "{a".repeat(20);
        assert!(parse(&deep, &Map::new()).is_err_and(|why| why.contains("deeper")));
    }
}
