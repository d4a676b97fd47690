"""The access list names the groups and transactional ids that the processes really use."""

import pytest

from autotrader.roles import streams as streams_role
from projections.versions import BARS_V1, FEATURES_V1, RECOMMENDATIONS_V1, SYMBOLS_V1, Projection
from schemas.access import AGENTS, ROLES
from streams.operations import redrive


def test_the_agents_group_is_theirs() -> None:
    assert all(streams_role.GROUP in ROLES[agent].groups for agent in AGENTS)


@pytest.mark.parametrize("projection", [RECOMMENDATIONS_V1, SYMBOLS_V1, BARS_V1, FEATURES_V1], ids=str)
def test_a_projection_may_read_its_topic_in_its_group(projection: Projection) -> None:
    role = ROLES["projections"]

    assert projection.topic in role.reads
    assert projection.group.startswith(role.groups)


def test_an_operator_may_send_dead_letters_again() -> None:
    assert redrive.TRANSACTIONAL_ID.startswith(ROLES["operator"].transactional_ids)
