import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Resource = TypeVar("Resource")


class Pool(Generic[Resource]):
    """Connections that serve one caller at a time: the last one given back is taken first, a new one opened if none is idle.

    A connection whose body raised is closed, and with it all idle ones: they lead to the same server, which may be another
    process by now.
    """

    def __init__(self, opener: Callable[[], Resource], closer: Callable[[Resource], None]) -> None:
        self._open = opener
        self._close = closer
        self._idle: list[Resource] = []
        self._mutex = threading.Lock()
        self._closed = False

    @contextmanager
    def borrow(self) -> Iterator[Resource]:
        """Lend a connection to the body."""
        with self._mutex:
            if self._closed:
                raise ValueError("expected an open client, found one that was closed")
            resource = self._idle.pop() if self._idle else None
        if resource is None:
            resource = self._open()
        try:
            yield resource
        except BaseException:
            self._close(resource)
            self._drop_idle()
            raise
        with self._mutex:
            if not self._closed:
                self._idle.append(resource)
                return
        self._close(resource)

    def close(self) -> None:
        """Close the idle connections now, and each borrowed one when it comes back."""
        with self._mutex:
            self._closed = True
        self._drop_idle()

    def _drop_idle(self) -> None:
        with self._mutex:
            idle, self._idle = self._idle, []
        for resource in idle:
            self._close(resource)
