"""An agent of one sweep: its loops, and the thread that called it."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from uuid import uuid4

from wanllmdb import _env
from wanllmdb._agent.console import Console, PrintAtIntervals, PrintOnce
from wanllmdb._agent.counts import AgentCounts, AgentResult
from wanllmdb._agent.display import Display, LineDisplay, summary_text
from wanllmdb._agent.failure_policy import FailurePolicy
from wanllmdb._agent.loop import Loop, RunOne
from wanllmdb._agent.signals import Shutdown, SignalActions, Signals, Urgency
from wanllmdb._agent.wait_policy import OutageWaiter, WaitPolicy
from wanllmdb._client import Client
from wanllmdb._errors import InvalidArgumentError, WanllmdbError
from wanllmdb._spool import Spool, SpoolDelivery
from wanllmdb._types.sweeps import Sweep

_IDLE_SECONDS = 10.0
"""How long an agent that was told to end waits for loops that hold no run."""
_LOOK_SECONDS = 0.1

InCaller = Callable[[Callable[[], None]], None]
"""Has something done by the thread that called the agent."""


class Agent:
    """Works on a sweep's runs, `parallel` of them side by side.

    Each loop has a thread of its own. The thread that calls `run` only waits, and does
    what a RunOne asks it to: so a training function runs where its user expects it, and a
    signal never tears a call to a service apart.

    Args:
        client: reaches both services.
        sweep_id: the sweep.
        make_runner: makes what works on the runs, given the way to the calling thread.
        count: at most so many runs; no limit where None.
        parallel: so many at a time.
        policy: when to give up because runs fail.
        agent_id: the agent's name; made from host and process where None. A second loop
            and those after it take runs under names made from it.
        resume: whether to begin with the runs that it holds under its name.
        stay: whether to wait while runs of others may come back.
        make_display: makes what shows the runs; lines on stderr where None.
        patience: seconds to wait for services that are away; see WaitPolicy.
        spool: keeps what they have not got; that of the environment where None.
        forwarded: signals that go to `forward`, Ctrl-C and SIGTERM among them or not.
        forward: gets them.
    """

    def __init__(
        self,
        client: Client,
        sweep_id: str,
        make_runner: Callable[[InCaller], RunOne],
        *,
        count: int | None = None,
        parallel: int = 1,
        policy: FailurePolicy | None = None,
        agent_id: str | None = None,
        resume: bool = False,
        stay: bool = False,
        make_display: Callable[[Sweep], Display] | None = None,
        patience: float | None = None,
        spool: Spool | None = None,
        forwarded: Sequence[signal.Signals] = (),
        forward: Callable[[signal.Signals], None] | None = None,
    ) -> None:
        self._client = client
        self._sweep_id = sweep_id
        self._runner = make_runner(self._in_caller)
        self._count = count
        self._parallel = parallel
        self._agent_id = agent_id or f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        self._make_view = make_display
        self._resume = resume
        self._stay = stay
        self._spool = spool or Spool.of_environment()
        self._courier = SpoolDelivery(client, self._spool, self._say)
        self._patience = WaitPolicy.of(patience, knows_them=resume or self._courier.has_any())
        self._display: Display | None = None
        self._forwarded = forwarded
        self._counts = AgentCounts(count, policy or FailurePolicy.of())
        self._shutdown = Shutdown()
        self._act = SignalActions(self._shutdown, self._counts, self._say, forwarded, forward)
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def run(self) -> AgentResult:
        """Works until the sweep has no more runs, `count` is reached, or it is told to end.

        Raises:
            AgentGaveUpError: too many runs failed.
            UnavailableError: the services are not there, or stayed away too long.
            NotFoundError: there is no such sweep.
            KeyboardInterrupt: Ctrl-C came a third time.
        """
        with Signals(self._on_signal, self._forwarded):
            sweep = self._find_sweep()
            if sweep is None:
                return self._counts.result()
            if self._make_view is not None:
                display = self._make_view(sweep)
            else:
                display = LineDisplay(Console(), sweep, self._count)
            self._display = display
            try:
                # What others left may be what this agent would be given to do again.
                self._courier.deliver(stop=self._is_to_end)
                self._conduct(self._start(sweep, display))
                self._runner.close()
            except KeyboardInterrupt:
                self._shutdown.demand(Urgency.LEAVE)
                self._runner.kill()
                raise
            finally:
                display.close()
        result = self._counts.result()
        if self._counts.error is not None:
            raise self._counts.error
        summary = summary_text(result.runs, result.failed, display.best, sweep)
        if result.was_interrupted or result.was_terminated:
            display.line(f"agent {result.ended_by}: {summary}")
        else:
            display.line(f"agent done ({result.ended_by}): {summary}")
        return result

    def _find_sweep(self) -> Sweep | None:
        """The sweep; None when the agent was told to end while it waited for the registry."""
        waiter = OutageWaiter(self._say, self._patience.at_first, self._shutdown.wait)
        try:
            return waiter.retry(lambda: self._client.get_sweep(self._sweep_id))
        except WanllmdbError:
            if not self._is_to_end():
                raise
            return None

    def _is_to_end(self) -> bool:
        return self._shutdown.urgency >= Urgency.DRAIN

    def _say(self, text: str) -> None:
        if self._display is not None:
            self._display.line(text)
        else:
            Console().line(text)

    def _start(self, sweep: Sweep, display: Display) -> int:
        warn = PrintOnce(display.line)
        remind = PrintAtIntervals(display.line)
        for slot in range(self._parallel):
            loop = Loop(
                self._client,
                sweep,
                self._runner,
                agent_id=name_of_slot(self._agent_id, slot),
                counts=self._counts,
                shutdown=self._shutdown,
                display=display,
                warn=warn,
                patience=self._patience,
                spool=self._spool,
                courier=self._courier,
                remind=remind,
                slot=slot,
                resume=self._resume,
                stay=self._stay,
            )
            name = f"wanllmdb-agent-{slot}"
            threading.Thread(target=self._work, args=(loop,), name=name, daemon=True).start()
        return self._parallel

    def _work(self, loop: Loop) -> None:
        try:
            loop.work()
        except BaseException as error:
            self._counts.fail(error)
            # The others let their runs end.
            self._shutdown.demand(Urgency.DRAIN)
        finally:
            self._tasks.put(None)

    def _in_caller(self, task: Callable[[], None]) -> None:
        self._tasks.put(task)

    def _conduct(self, loops: int) -> None:
        """Does what the loops ask for until they have ended, or need not be waited for."""
        told_at: float | None = None
        while loops:
            if self._shutdown.urgency >= Urgency.DRAIN and not self._counts.active:
                told_at = told_at or time.monotonic()
                if time.monotonic() - told_at > _IDLE_SECONDS:
                    return
            else:
                told_at = None
            try:
                # Signals wake it too, but it goes on to wait then.
                task = self._tasks.get(timeout=_LOOK_SECONDS if told_at else None)
            except Empty:
                continue
            if task is None:
                loops -= 1
            else:
                task()

    def _on_signal(self, number: signal.Signals, count: int) -> None:
        self._act(number, count)
        # Wakes the caller's thread, which may have nothing left to wait for.
        self._tasks.put(_nothing)


def _nothing() -> None:
    """Wakes a thread."""


def agent_name(given: str | None, *, resume: bool) -> str | None:
    """The agent's name: as given, else WANLLMDB_AGENT_ID; None where there is neither.

    Raises:
        InvalidArgumentError: it is to resume, and nobody says as whom.
    """
    name = given or os.environ.get(_env.AGENT_ID) or None
    if resume and name is None:
        raise InvalidArgumentError(
            f"resume needs the name under which the agent worked before: give one that stays the "
            f"same when the job is started again, by agent_id=, --agent-id or {_env.AGENT_ID}"
        )
    return name


def name_of_slot(agent_id: str, slot: int) -> str:
    """The name under which one of an agent's loops takes runs: each resumes its own."""
    return f"{agent_id}/{slot}" if slot else agent_id
