import base64
import socket
import threading
from pathlib import Path
from uuid import UUID

import pytest

from infra.local.kafka import EmbeddedKafka
from infra.local.layout import Layout
from infra.local.progress import Abort, quiet
from tests.conftest import CACHE

pytestmark = pytest.mark.stack


def cluster_of(layout: Layout) -> str:
    """Return the cluster's id, as Kafka has written it into its log folder."""
    lines = (layout.component_dir("kafka") / "logs" / "meta.properties").read_text().splitlines()
    return next(line.removeprefix("cluster.id=") for line in lines if line.startswith("cluster.id="))


@pytest.mark.parametrize("first", [0xF8, 0xFB, 0x00], ids=["-O", "--", "AO"])
def test_whatever_character_a_cluster_id_begins_with_the_folder_is_formatted(tmp_path: Path, first: int) -> None:
    layout = Layout.of(tmp_path, CACHE)
    layout.create()
    cluster = UUID(bytes=bytes([first, 0xE7, *range(2, 16)]))

    EmbeddedKafka(layout, quiet, new_cluster=lambda: cluster).prepare(Abort())

    assert base64.urlsafe_b64decode(cluster_of(layout) + "==") == cluster.bytes


def test_a_port_that_a_killed_broker_still_holds_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    layout = Layout.of(tmp_path, CACHE)
    layout.create()
    EmbeddedKafka(layout, quiet).prepare(Abort())
    ports = (layout.component_dir("kafka") / "ports").read_text()
    with socket.create_server(("127.0.0.1", int(ports.split()[0]))) as former:
        end = threading.Timer(0.5, former.close)
        end.start()
        EmbeddedKafka(layout, quiet).prepare(Abort())
        end.join()

    assert ports == (layout.component_dir("kafka") / "ports").read_text()
