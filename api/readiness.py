"""Whether the platform is fit to serve: every probe is asked, at the same time, and none for longer than its time."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from api.micro_cache import MicroCache
from api.ports import Finding, Probe

_KEEP_S = 0.5


@dataclass(frozen=True, slots=True)
class Check:
    """What was found of one dependency."""

    name: str
    ok: bool
    detail: str


class Readiness:
    """The probes of everything that serving needs."""

    def __init__(self, probes: Mapping[str, Probe], timeout_s: float) -> None:
        self._probes = probes
        self._timeout_s = timeout_s
        self._kept: MicroCache[list[Check]] = MicroCache(_KEEP_S)

    async def checks(self) -> list[Check]:
        """Return what was found, in the order of the probes; never older than half a second."""
        return await self._kept.get("checks", self._ask_all)

    async def _ask_all(self) -> list[Check]:
        return list(await asyncio.gather(*(self._ask(name, probe) for name, probe in self._probes.items())))

    async def _ask(self, name: str, probe: Probe) -> Check:
        try:
            async with asyncio.timeout(self._timeout_s):
                finding = await probe()
        except TimeoutError:
            finding = Finding(ok=False, detail=f"expected an answer within {self._timeout_s:g} s")
        except Exception as error:  # noqa: BLE001  (a probe of whatever kind that fails has found something)
            finding = Finding(ok=False, detail=f"{type(error).__name__}: {error}")
        return Check(name, finding.ok, finding.detail)
