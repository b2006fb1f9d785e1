"""Open live sockets: a few of each session, and so many in all."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Client = TypeVar("Client", bound=Hashable)

MOST_OF_A_SESSION, MOST = 8, 64


class LiveSockets(Generic[Client]):
    """Which sockets are open; a new one replaces the oldest of its session, or of the session with the most."""

    def __init__(self) -> None:
        self._of: dict[str, OrderedDict[Client, None]] = {}

    def add(self, session_key: str, client: Client) -> list[Client]:
        """Add a socket; returns those that have to end for it."""
        own = self._of.setdefault(session_key, OrderedDict())
        own[client] = None
        ended = []
        if len(own) > MOST_OF_A_SESSION:
            ended.append(next(iter(own)))
        elif sum(map(len, self._of.values())) > MOST:
            greediest = max(self._of, key=lambda key: len(self._of[key]))
            ended.append(next(iter(self._of[greediest])))
        return ended

    def remove(self, session_key: str, client: Client) -> None:
        """A socket is closed."""
        own = self._of.get(session_key)
        if own is not None:
            own.pop(client, None)
            if not own:
                del self._of[session_key]
