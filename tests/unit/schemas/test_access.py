from schemas.access import AGENTS, ROLES, Grant, access_document, access_list, principal_of
from schemas.topics import CHECKPOINTS, DEAD_LETTERS, RECOMMENDATIONS, TICKS, TOPICS


def granted(role: str, topic: str) -> set[str]:
    return {g.operation for g in access_list() if g.principal == principal_of(role) and (g.resource, g.name) == ("Topic", topic)}


def test_every_topic_is_written_and_read_by_somebody() -> None:
    assert set(TOPICS) == {topic for role in ROLES.values() for topic in role.reads}
    assert set(TOPICS) == {topic for role in ROLES.values() for topic in role.writes}


def test_roles_name_topics_of_the_catalogue() -> None:
    assert all(topic in TOPICS for role in ROLES.values() for topic in (*role.reads, *role.writes))


def test_only_its_agent_and_an_operator_write_recommendations() -> None:
    writers = {g.principal for g in access_list() if (g.resource, g.name, g.operation) == ("Topic", RECOMMENDATIONS, "Write")}

    assert {principal_of("recommendations"), principal_of("operator")} == writers


def test_every_agent_may_keep_its_state_and_set_aside_what_it_cannot_process() -> None:
    for agent in AGENTS:
        assert {"Read", "Write", "Describe"} == granted(agent, CHECKPOINTS)
        assert {"Write", "Describe"} == granted(agent, DEAD_LETTERS)
        assert Grant(principal_of(agent), "TransactionalId", "streams/", "Write", prefixed=True) in access_list()


def test_the_api_has_no_business_on_kafka() -> None:
    assert not any(g.principal == principal_of("api") for g in access_list())


def test_other_teams_write_nothing_and_see_nothing_internal() -> None:
    assert {"Read", "Describe"} == granted("reader", TICKS)
    assert set() == granted("reader", CHECKPOINTS)
    assert not any(g.operation == "Write" for g in access_list() if g.principal == principal_of("reader"))


def test_the_list_has_a_stable_order_and_no_line_twice() -> None:
    assert sorted(set(access_list())) == access_list()


def test_the_page_has_a_line_for_each_grant() -> None:
    page = access_document()

    assert len(access_list()) == page.count("| `User:autotrader-")
    assert "| `User:autotrader-bars` | TransactionalId | `streams/` | prefixed | Write |" in page
