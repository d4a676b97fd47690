"""The headers of our records against the conformance scenarios of the CloudEvents project for its Kafka binding."""

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from schemas.codec import Codec, UndecodableError
from schemas.headers import event_attributes, event_headers
from schemas.registry import committed_catalogue
from schemas.values import iso, parse_time
from tests.reference_data import reference_file

pytestmark = pytest.mark.reference_data
FEATURE = "features/kafka-protocol-binding.feature"


@dataclass(frozen=True)
class Scenario:
    name: str
    headers: list[tuple[str, bytes]]
    attributes: dict[str, str]
    payload: bytes


def table(block: str) -> list[tuple[str, str]]:
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines() if line.strip().startswith("|")
    ]
    return [(row[0], row[1]) for row in rows[1:]]


def scenarios(text: str) -> Iterator[Scenario]:
    for part in re.split(r"^\s*Scenario(?: Outline)?: ", text, flags=re.MULTILINE)[1:]:
        body, _, examples = part.partition("Examples:")
        [payload, *_] = re.findall(r'"""(.*?)"""', body, flags=re.DOTALL)
        given, then = body.split("And Kafka headers:")[1].split("Then the attributes are:")
        for content_type in [row for row, *_ in re.findall(r"\|\s*(\S.*?)\s*\|", examples)[1:]] or [""]:
            headers = [(name, value.replace("<contentType>", content_type).encode()) for name, value in table(given)]
            yield Scenario(part.splitlines()[0], headers, dict(table(then)), payload.strip().encode())


@pytest.fixture(scope="module")
def binding() -> list[Scenario]:
    with tarfile.open(reference_file("cloudevents_binding_features.tar.xz")) as archive:
        member = next(item for item in archive.getmembers() if item.name.endswith(FEATURE))
        content = archive.extractfile(member)
        assert content is not None
        return list(scenarios(content.read().decode()))


def test_all_scenarios_are_read(binding: list[Scenario]) -> None:
    names = [scenario.name for scenario in binding]

    assert ["Binary content mode", *["Structured content mode (<contentType>)"] * 2] == names


def test_binary_mode_is_read_as_the_binding_says(binding: list[Scenario]) -> None:
    assert binding[0].attributes == event_attributes(binding[0].headers)


def test_binary_mode_is_written_as_the_binding_says(binding: list[Scenario]) -> None:
    wanted = binding[0].attributes
    expected = {**dict(binding[0].headers), "content-type": b"application/avro"}
    expected["ce_time"] = iso(parse_time(wanted["time"])).encode()

    assert expected == dict(event_headers(wanted["type"], wanted["id"], wanted["source"], parse_time(wanted["time"])))


def test_structured_mode_is_no_event_of_ours_and_says_so(binding: list[Scenario]) -> None:
    codec = Codec(committed_catalogue())
    for scenario in binding[1:]:
        with pytest.raises(ValueError, match=r"expected the header ce_specversion 1\.0, found None"):
            event_attributes(scenario.headers)
        with pytest.raises(UndecodableError, match="expected the leading byte 0x00, found 0x7b"):
            codec.decode(scenario.payload)
