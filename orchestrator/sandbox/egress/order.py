"""What the proxies' process is to do, as its worker tells it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the child is to do, in a form that can be sent to it. Descriptors are -1 where there is none."""

    record: int
    life: int = -1
    """A stream socket to the worker; its end is the child's end."""
    control: int = -1
    """Where the launcher's listeners come from."""
    gateway: int = -1
    proxy: int = -1
    """The listening sockets, where they are ours."""
    base_url: str = ""
    key: str = field(default="", repr=False)
    dummy: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()

    @property
    def descriptors(self) -> tuple[int, ...]:
        return tuple(n for n in (self.record, self.life, self.control, self.gateway, self.proxy) if n >= 0)
