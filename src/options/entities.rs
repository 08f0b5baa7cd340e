//! What a vendor has: `resources`. Templates know one placeholder, `{id}`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Fields, OptionError, Value};

/// How long a snapshot is fresh when the resource does not say.
const FRESH_DEFAULT: Duration = Duration::from_secs(300);
/// A year.
const YEAR_S: i64 = 366 * 24 * 3600;
pub(super) const POINTER: &str = "a JSON pointer such as '/data/id'";
/// A kind of remote entity that snapshots are kept of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Template below the base URI: `products/{id}`.
    pub path: String,
    /// How long a snapshot counts as fresh.
    pub fresh: Duration,
    /// How long after that a stale one may stand in for a failed fetch; `None` is without end.
    pub stale_if_error: Option<Duration>,
    /// Templates of cache tags: `catalog:product:{id}`.
    pub cache_tags: Vec<String>,
    /// JSON pointer to what rises with each change of the entity: a version, or an RFC 3339 time.
    pub order: Option<String>,
    /// Which shapes of its data this release writes and reads.
    pub schema: Shapes,
}

/// Versions of the shape of a resource's data: expand (`from` stays), migrate, contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shapes {
    /// The shape that is written.
    pub version: u32,
    /// The oldest shape that is read; what is older counts as missing.
    pub from: u32,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            version: 1,
            from: 1,
        }
    }
}

/// Higher versions of a shape than this belong to another resource's name.
const SHAPE_VERSION_MAX: u32 = 999;

/// Reads `resources`.
pub(super) fn resources(fields: &mut Fields) -> Result<BTreeMap<String, Resource>, OptionError> {
    let entries = match fields.value("resources") {
        None => return Ok(BTreeMap::new()),
        Some(Value::Map(entries)) => entries,
        Some(Value::List(items)) if items.is_empty() => return Ok(BTreeMap::new()),
        Some(other) => return Err(fields.refuse("resources", &other, "an array by resource")),
    };
    entries
        .into_iter()
        .map(|(name, value)| {
            let path = fields.name(&format!("resources.{name}"));
            let inner = Fields::open(&path, value, fields.source())?;
            Ok((name, resource(inner)?))
        })
        .collect()
}

fn resource(mut fields: Fields) -> Result<Resource, OptionError> {
    const PATH: &str = "a path below base_uri with '{id}' in it, such as 'products/{id}'";
    let path = fields.text("path")?;
    let path = fields.required("path", path, PATH)?;
    if !path.contains("{id}") || !has_only_id(&path) {
        return Err(fields.refuse("path", &Value::from(path), PATH));
    }
    let cache_tags = fields.texts("cache_tags")?.unwrap_or_default();
    if let Some(tag) = cache_tags.iter().find(|tag| !has_only_id(tag)) {
        let got = Value::from(tag.as_str());
        return Err(fields.refuse("cache_tags", &got, "tags with no placeholder but '{id}'"));
    }
    let resource = Resource {
        path,
        fresh: fields
            .seconds("fresh_s", 0..=YEAR_S)?
            .unwrap_or(FRESH_DEFAULT),
        stale_if_error: fields.seconds("stale_if_error_s", 0..=YEAR_S)?,
        cache_tags,
        order: pointer(&mut fields, "order")?,
        schema: shapes(fields.section("schema")?)?,
    };
    fields.finish()?;
    Ok(resource)
}

fn shapes(section: Option<Fields>) -> Result<Shapes, OptionError> {
    let Some(mut fields) = section else {
        return Ok(Shapes::default());
    };
    let range = 1..=i64::from(SHAPE_VERSION_MAX);
    let version = fields.int("version", range.clone())?;
    let version = fields.required("version", version, "an integer from 1")?;
    let from = fields.int("from", range)?.unwrap_or(version);
    if from > version {
        return Err(fields.refuse("from", &Value::Int(from), "at most version"));
    }
    fields.finish()?;
    let of = |number: i64| u32::try_from(number).unwrap_or(1);
    Ok(Shapes {
        version: of(version),
        from: of(from),
    })
}

/// A JSON pointer.
pub(super) fn pointer(
    fields: &mut Fields,
    key: &'static str,
) -> Result<Option<String>, OptionError> {
    match fields.text(key)? {
        Some(text) if !text.starts_with('/') => {
            Err(fields.refuse(key, &Value::from(text), POINTER))
        }
        other => Ok(other),
    }
}

fn has_only_id(template: &str) -> bool {
    !template.replace("{id}", "").contains(['{', '}'])
}
