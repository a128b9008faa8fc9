"""Real agents on one sweep: started, killed, frozen, disconnected, and started again."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from itertools import chain, repeat
from pathlib import Path

from tests.certificates import replace
from tests.robustness.calls import Calls
from tests.robustness.diary import Note, read_diaries
from tests.robustness.key_office import new_key, revoke
from tests.robustness.keys import Key
from tests.robustness.odd_files import changed, put_odd_files
from tests.robustness.platform import CALLER, REGISTRIES, SUGGESTIONS, Platform
from tests.robustness.proxy import Proxy
from tests.robustness.work_seen import LifeSeen, WorkSeen
from tests.robustness.worker_plan import Blackout, Life, WorkerFate, WorkerPlan, WorkersPlan
from tests.robustness.worker_process import WorkerProcess, base_environment, send_spool
from wanllmdb._spool.folder import lock
from wanllmdb_common.calls.caller import Role

# Seconds from the first life to the end of the last one.
WORK_SECONDS = 200.0
# Seconds in which the spool's files are delivered, once all faults are over.
_DELIVERY_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_END = ".end.json"


class Workers:
    """Carries out the plan of a sweep's real agents.

    Args:
        platform: The platform that the agents use.
        calls: Creates the agents' keys.
        plan: The plan of the agents.
    """

    def __init__(self, platform: Platform, calls: Calls, plan: WorkersPlan) -> None:
        self.seen = WorkSeen()
        self._platform = platform
        self._calls = calls
        self._plan = plan
        self._sweep_id = calls.history.sweep_id
        self._processes: list[WorkerProcess] = []
        self._links: dict[str, Proxy] = {}
        self._environment: dict[str, str] = {}
        self._key: Key | None = None

    async def work(self) -> None:
        """Run all agents to their end, and deliver their spool."""
        with tempfile.TemporaryDirectory(prefix="wanllmdb-workers-") as name:
            async with self._prepared(Path(name)) as folder:
                await self._live(folder)
                await self._deliver(folder)

    @contextlib.asynccontextmanager
    async def _prepared(self, folder: Path) -> AsyncIterator[Path]:
        (folder / "diaries").mkdir()
        async with contextlib.AsyncExitStack() as stack:
            for name in (*REGISTRIES, *SUGGESTIONS):
                port = self._platform.links[f"agents>{name}"].port
                proxy = Proxy(f"workers>{name}", port, is_http2=not self._platform.security.tls)
                self._links[name] = await stack.enter_async_context(proxy)
            self._environment = base_environment(folder)
            self._environment["WANLLMDB_REGISTRY"] = self._addresses(REGISTRIES)
            self._environment["WANLLMDB_SUGGESTION"] = self._addresses(SUGGESTIONS)
            await self._secure(folder)
            stack.callback(self._end_all)
            yield folder

    def _addresses(self, names: tuple[str, ...]) -> str:
        return ",".join(self._links[name].address for name in names)

    async def _secure(self, folder: Path) -> None:
        security = self._platform.security
        environment = self._environment
        if security.tls:
            own = self._platform.certificate(CALLER)
            environment["WANLLMDB_TLS_CA"] = str(own.ca)
            if security.mutual:
                environment["WANLLMDB_TLS_CERT"] = str(own.cert)
                environment["WANLLMDB_TLS_KEY"] = str(own.key)
        if security.keys:
            environment["WANLLMDB_API_KEY_FILE"] = str(folder / "key")
            await self._new_key(folder)

    async def _new_key(self, folder: Path) -> None:
        """Write a new key into the file from which the agents read it."""
        keyring = self._calls.keyring
        assert keyring is not None
        self._key = await new_key(
            self._calls, "workers'", Role.AGENT, keyring.project, by=keyring.admin
        )
        replace(folder / "key", self._key.text.encode())

    async def _live(self, folder: Path) -> None:
        odd = put_odd_files(folder / "spool", self._sweep_id, self._addresses(REGISTRIES))
        self.seen.odd_files = len(odd)
        others = [asyncio.create_task(self._black_out_in_turn(folder))]
        if self._platform.security.keys:
            others.append(asyncio.create_task(self._renew_key(folder)))
        try:
            async with asyncio.TaskGroup() as group:
                for place, worker in enumerate(self._plan.workers):
                    group.create_task(self._live_one(folder, place, worker))
        finally:
            for other in others:
                other.cancel()
            ended = await asyncio.gather(*others, return_exceptions=True)
            self._clear_links()
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome
        self.seen.notes = list(self._notes(folder))
        self.seen.changed = changed(odd)

    async def _live_one(self, folder: Path, place: int, worker: WorkerPlan) -> None:
        """Run all lives of one agent; the last one until it ends by itself."""
        deadline = time.monotonic() + WORK_SECONDS
        agent = ""
        resumes = False
        for turn, life in enumerate(chain(worker.lives, repeat(worker.lives[-1]))):
            name = f"worker-{place}.{turn}"
            agent = agent if resumes else name
            seen = LifeSeen(name, agent, worker.kind, is_impatient=life.patience < 10)
            self.seen.lives.append(seen)
            process = WorkerProcess(
                seen,
                self._sweep_id,
                folder,
                self._environment,
                patience=life.patience,
                resumes=resumes,
            )
            self._processes.append(process)
            await self._meet_fate(folder, process, life)
            if not await process.wait(deadline - time.monotonic()):
                process.end()
                self._calls.history.gave_up.append(f"{name} does not end: {seen.said}")
                return
            self._look_into_spool(folder)
            if life.fate is WorkerFate.LIVE and not seen.was_killed:
                return
            await asyncio.sleep(life.seconds)
            resumes = life.resumes and seen.was_killed

    async def _meet_fate(self, folder: Path, process: WorkerProcess, life: Life) -> None:
        if life.fate is WorkerFate.LIVE:
            return
        name = process.seen.name
        while not any(note.life == name for note in self._notes(folder)):
            if await process.wait(_LOOK_SECONDS):
                return
        if await process.wait(life.after):
            return
        match life.fate:
            case WorkerFate.KILL:
                process.send(signal.SIGKILL)
            case WorkerFate.TERM:
                process.send(signal.SIGTERM)
            case _:
                process.send(signal.SIGSTOP)
                await asyncio.sleep(life.seconds)
                process.send(signal.SIGCONT)

    async def _black_out_in_turn(self, folder: Path) -> None:
        for blackout in self._plan.blackouts:
            await self._wait_for_begins(folder, blackout.begins)
            await self._black_out(folder, blackout)

    async def _wait_for_begins(self, folder: Path, begins: int) -> None:
        while True:
            if self._count(folder, "begin") >= begins:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _black_out(self, folder: Path, blackout: Blackout) -> None:
        ends = self._count(folder, "end")
        until = time.monotonic() + blackout.seconds
        for proxy in self._links.values():
            proxy.weather.refuses = True
            proxy.drop_all()
        try:
            while time.monotonic() < until:
                await asyncio.sleep(_LOOK_SECONDS)
                if blackout.kill_after is not None and self._count(folder, "end") > ends:
                    await asyncio.sleep(blackout.kill_after)
                    for process in self._processes:
                        process.send(signal.SIGKILL)
                    break
            await asyncio.sleep(max(0.0, until - time.monotonic()))
        finally:
            self._clear_links()

    @staticmethod
    def _notes(folder: Path) -> Sequence[Note]:
        return list(read_diaries(folder / "diaries"))

    def _count(self, folder: Path, what: str) -> int:
        return sum(note.what == what for note in self._notes(folder))

    def _clear_links(self) -> None:
        for proxy in self._links.values():
            proxy.clear()

    async def _renew_key(self, folder: Path) -> None:
        """Replace the key as an operator does: write the new key before the old one ends."""
        old = self._key
        await asyncio.sleep(self._plan.renews_key_at)
        await self._new_key(folder)
        assert old is not None
        await revoke(self._calls, old)
        self.seen.key_renewals += 1

    def _look_into_spool(self, folder: Path) -> None:
        """Record the ends in the spool on which no process works."""
        for path in (folder / "spool").glob(f"{self._sweep_id}-*{_END}"):
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                if lock(file):
                    self.seen.spooled.add(_attempt_of(path))

    async def _deliver(self, folder: Path) -> None:
        """Run `wanllmdb spool send` until the spool holds no file for the registry."""
        spool = folder / "spool"
        deadline = time.monotonic() + _DELIVERY_SECONDS
        while True:
            _status, said = await send_spool(self._environment)
            self.seen.delivered += said.count(" was delivered, ")
            left = [path.name for path in spool.glob(f"{self._sweep_id}-*.json")]
            if not left or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
        self.seen.left = left
        self.seen.refused = {_attempt_of(path) for path in (spool / "refused").glob(f"*{_END}")}
        self.seen.delivered += sum(life.delivered for life in self.seen.lives)

    def _end_all(self) -> None:
        for process in self._processes:
            process.end()


def _attempt_of(path: Path) -> tuple[int, int]:
    """Return the run's number and the attempt from the name of a spool file."""
    _sweep_id, number, attempt = path.name.removesuffix(_END).rsplit("-", 2)
    return int(number), int(attempt)
