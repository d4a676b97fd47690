import pytest

from infra.clients.pool import Pool


class Connections:
    """Connections that are numbers."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed: list[int] = []
        self.pool: Pool[int] = Pool(self.open, self.closed.append)

    def open(self) -> int:
        self.opened += 1
        return self.opened


def test_a_connection_is_used_again() -> None:
    connections = Connections()
    with connections.pool.borrow() as first:
        pass
    with connections.pool.borrow() as second:
        pass

    assert (1, 1, 1) == (first, second, connections.opened)


def test_two_borrowers_have_two_connections() -> None:
    connections = Connections()
    with connections.pool.borrow() as first, connections.pool.borrow() as second:
        assert first != second


def test_a_failure_closes_the_connection_and_all_idle_ones() -> None:
    connections = Connections()
    with connections.pool.borrow(), connections.pool.borrow():
        pass
    with pytest.raises(OSError, match="lost"), connections.pool.borrow():
        raise OSError("lost")

    assert [1, 2] == sorted(connections.closed)
    with connections.pool.borrow() as new:
        assert 3 == new


def test_closing_closes_what_is_idle_now_and_what_is_borrowed_later() -> None:
    connections = Connections()
    with connections.pool.borrow(), connections.pool.borrow():
        pass
    with connections.pool.borrow():
        connections.pool.close()
        assert 1 == len(connections.closed)

    assert 2 == len(connections.closed)
    with pytest.raises(ValueError, match="closed"), connections.pool.borrow():
        pass


def test_a_connection_that_cannot_be_opened_leaves_the_pool_usable() -> None:
    attempts = iter([OSError("refused"), None])

    def open_once_refused() -> int:
        problem = next(attempts)
        if problem is not None:
            raise problem
        return 1

    pool: Pool[int] = Pool(open_once_refused, lambda _: None)
    with pytest.raises(OSError, match="refused"), pool.borrow():
        pass

    with pool.borrow() as connection:
        assert 1 == connection
