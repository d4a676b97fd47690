"""The AsyncAPI 3.0 document: every topic, message and role, generated from the catalogues; what other teams build against."""

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from schemas.access import ROLES, Role
from schemas.events.base import Event
from schemas.events.market import Tick
from schemas.headers import cloud_event_headers
from schemas.plain import plain
from schemas.registry import Catalogue, SchemaVersion
from schemas.samples import samples
from schemas.topics import TOPICS, TopicSpec

AVRO = "application/vnd.apache.avro+json;version=1.9.0"
_KAFKA_BINDING = "0.5.0"
_REQUIRED = ("ce_specversion", "ce_type", "ce_id", "ce_source")
_DESCRIPTION = """\
Every fact of the platform, as other teams' consumers read it.

Records are Avro with the Confluent prefix (0x00, then the schema id as four bytes, big-endian) and CloudEvents 1.0 headers
in binary mode. Keys are UTF-8 and place a record by Java's murmur2 (librdkafka: `partitioner=murmur2_random`), so one
symbol's ticks, bars, news and features meet in one partition number. Read with `isolation.level=read_committed`.
Schemas evolve under FULL_TRANSITIVE: any consumer reads any version.
"""


def asyncapi_document(catalogue: Catalogue) -> dict[str, Any]:
    """Return the document for the newest schema of every event."""
    events = {event.TYPE: event for topic in TOPICS.values() for event in topic.events}
    examples = {sample.TYPE: sample for sample in samples()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "AutoTrader AI events",
            "version": version("autotrader-ai"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/avro",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The brokers of an installation; the embedded stack prints its address.",
                "variables": {"bootstrap": {"default": "localhost:9092", "description": "host:port of a broker"}},
                "bindings": {"kafka": {"schemaRegistryVendor": "confluent", "bindingVersion": _KAFKA_BINDING}},
            }
        },
        "channels": {topic.name: _channel(topic) for topic in _public()},
        "operations": {name: operation for role in ROLES.values() for name, operation in _operations(role)},
        "components": {
            "messages": {name: _message(event, catalogue.current[name], examples[name]) for name, event in events.items()},
        },
    }


def asyncapi_text(catalogue: Catalogue) -> str:
    """Return the document as it has to be committed."""
    return json.dumps(asyncapi_document(catalogue), indent=1, ensure_ascii=False) + "\n"


def _public() -> list[TopicSpec]:
    """Return the topics that have events; the others are internal to the agents."""
    return [topic for topic in TOPICS.values() if topic.events]


def _channel(topic: TopicSpec) -> dict[str, Any]:
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"{topic.doc} Keyed by {topic.key}.",
        "messages": {event.TYPE: {"$ref": f"#/components/messages/{event.TYPE}"} for event in topic.events},
        "bindings": {
            "kafka": {"topic": topic.name, "topicConfiguration": _configuration(topic.config), "bindingVersion": _KAFKA_BINDING}
        },
    }


def _configuration(config: Mapping[str, str]) -> dict[str, Any]:
    """Return a topic's settings as the binding types them."""
    typed: dict[str, Any] = {}
    for name, value in config.items():
        if name == "cleanup.policy":
            typed[name] = value.split(",")
        else:
            typed[name] = int(value) if value.lstrip("-").isdigit() else value
    return typed


def _operations(role: Role) -> Iterable[tuple[str, dict[str, Any]]]:
    for action, verb, topics in (("receive", "reads", role.reads), ("send", "writes", role.writes)):
        for topic in topics:
            if TOPICS[topic].events:
                yield (
                    f"{role.name}.{verb}.{topic}",
                    {
                        "action": action,
                        "channel": {"$ref": f"#/channels/{topic}"},
                        "title": f"{role.name} {verb} {topic}",
                        "description": role.doc,
                        "tags": [{"name": role.name}],
                    },
                )


def _message(event: type[Event], schema: SchemaVersion, example: Event) -> dict[str, Any]:
    with_time = event is not Tick  # a tick carries only what CloudEvents requires
    return {
        "name": event.TYPE,
        "title": schema.schema["name"],
        "summary": str(schema.schema["doc"]),
        "contentType": "application/avro",
        "headers": _headers(event, with_time),
        "payload": {"schemaFormat": AVRO, "schema": schema.schema},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "UTF-8"},
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "schemaLookupStrategy": "RecordNameStrategy",
                "bindingVersion": _KAFKA_BINDING,
            }
        },
        "examples": [_example(example, with_time)],
    }


def _example(event: Event, with_time: bool) -> dict[str, Any]:
    headers = {name: value.decode() for name, value in cloud_event_headers(event)}
    if not with_time:
        headers = {name: value for name, value in headers.items() if name in _REQUIRED}
    return {"name": "made-up", "headers": headers, "payload": plain(event.model_dump())}


def _headers(event: type[Event], with_time: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_type": {"type": "string", "const": event.TYPE},
        "ce_id": {"type": "string", "minLength": 1, "description": "the same when the same fact is seen again"},
        "ce_source": {"type": "string", "format": "uri-reference", "minLength": 1},
    }
    if with_time:
        properties["ce_time"] = {"type": "string", "format": "date-time", "description": "when it happened, UTC"}
        properties["content-type"] = {"type": "string", "const": "application/avro"}
        properties["traceparent"] = {"type": "string", "description": "W3C trace context, where tracing is on"}
    required = [*_REQUIRED, "ce_time", "content-type"] if with_time else list(_REQUIRED)
    return {"type": "object", "properties": properties, "required": required}
