//! Schemas of the values that podsec reads by a grammar of its own, and of what derives cannot say.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::bounds;

/// A level.
pub(super) fn level(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["privileged", "baseline", "restricted"]})
}

/// A text with a grammar: a version, a duration, a point in time. The grammar itself is a rule.
///
/// There is no `format: date-time` on times: to the API server's rules such a field is a time and no text any more,
/// and what the format lets through (offsets of 99 hours, any character before the decimals) could not be refused.
pub(super) fn grammar(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": bounds::GRAMMAR})
}

/// A point in time that podsec itself has written.
pub(super) fn written_moment(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time", "maxLength": bounds::GRAMMAR})
}

/// A level and version that podsec itself has written, as in `restricted:v1.37`.
pub(super) fn level_version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": bounds::GRAMMAR,
        "pattern": r"^(privileged|baseline|restricted):(latest|v1\.[0-9]+)$",
    })
}

/// A version that podsec itself has written, as labels carry it.
pub(super) fn label_version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": bounds::GRAMMAR, "pattern": r"^(latest|v1\.[0-9]+)$"})
}

/// Makes an object one value to server-side apply: it has one owner, who is written down once and not for each field.
pub(super) fn atomic(schema: &mut Schema) {
    undescribed(schema);
    schema.insert("x-kubernetes-map-type".to_owned(), "atomic".into());
}

/// Labels by key, each with one value.
pub(super) fn labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": bounds::MATCH_LABELS,
        "additionalProperties": {"type": "string", "maxLength": bounds::LABEL_VALUE},
    })
}

/// Takes a type's own description away, so that the description of the field that has the type is shown.
pub(super) fn undescribed(schema: &mut Schema) {
    schema.remove("description");
}
