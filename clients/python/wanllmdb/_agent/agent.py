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
"""Seconds that an ending agent waits for loops that hold no run."""
_LOOK_SECONDS = 0.1

InCaller = Callable[[Callable[[], None]], None]
"""Runs a task in the thread that called the agent."""


class Agent:
    """Executes a sweep's runs, `parallel` at a time.

    Each loop has its own thread. The thread that calls `run` waits, and runs the tasks of a
    RunOne: so a training function runs in the thread that its user expects, and a signal never
    interrupts a call to a service.

    Args:
        client: reaches both services.
        sweep_id: the sweep.
        make_runner: creates the RunOne from a function that runs tasks in the calling thread.
        count: the largest number of runs; None means no limit.
        parallel: the number of runs at a time.
        policy: when to give up because runs fail.
        agent_id: the agent's name; None means one made from host and process. Each loop after
            the first one adds its number to the name.
        resume: whether to begin with the runs that this name holds.
        stay: whether to wait while runs of other agents may be queued again.
        make_display: creates the display of the runs; None means lines on stderr.
        patience: seconds to wait for unavailable services; see WaitPolicy.
        spool: stores undelivered results; None means the spool of the environment.
        forwarded: signals that go to `forward`, with or without Ctrl-C and SIGTERM.
        forward: receives the forwarded signals.
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
        self._delivery = SpoolDelivery(client, self._spool, self._say)
        self._patience = WaitPolicy.of(patience, knows_them=resume or self._delivery.has_any())
        self._display: Display | None = None
        self._forwarded = forwarded
        self._counts = AgentCounts(count, policy or FailurePolicy.of())
        self._shutdown = Shutdown()
        self._act = SignalActions(self._shutdown, self._counts, self._say, forwarded, forward)
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def run(self) -> AgentResult:
        """Execute runs until the sweep has no more, `count` is reached, or a signal ends the agent.

        Raises:
            AgentGaveUpError: too many runs failed.
            UnavailableError: the services were unavailable for too long.
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
                # Undelivered results may belong to runs that this agent would otherwise repeat.
                self._delivery.deliver(stop=self._is_to_end)
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
        """Return the sweep; None if a signal ended the agent while it waited for the registry."""
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
                delivery=self._delivery,
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
            # The other loops let their runs end.
            self._shutdown.demand(Urgency.DRAIN)
        finally:
            self._tasks.put(None)

    def _in_caller(self, task: Callable[[], None]) -> None:
        self._tasks.put(task)

    def _conduct(self, loops: int) -> None:
        """Run the loops' tasks until the loops have ended, or hold no run for too long."""
        ending_since: float | None = None
        while loops:
            if self._shutdown.urgency >= Urgency.DRAIN and not self._counts.active:
                ending_since = ending_since or time.monotonic()
                if time.monotonic() - ending_since > _IDLE_SECONDS:
                    return
            else:
                ending_since = None
            try:
                # A signal interrupts the wait, which Python then resumes.
                task = self._tasks.get(timeout=_LOOK_SECONDS if ending_since else None)
            except Empty:
                continue
            if task is None:
                loops -= 1
            else:
                task()

    def _on_signal(self, number: signal.Signals, count: int) -> None:
        self._act(number, count)
        # Wakes the calling thread, which may have nothing left to wait for.
        self._tasks.put(_nothing)


def _nothing() -> None:
    """Do nothing; as a task, this wakes the thread that waits for tasks."""


def agent_name(given: str | None, *, resume: bool) -> str | None:
    """Return the given name, else WANLLMDB_AGENT_ID, else None.

    Raises:
        InvalidArgumentError: the agent is to resume but has no name.
    """
    name = given or os.environ.get(_env.AGENT_ID) or None
    if resume and name is None:
        raise InvalidArgumentError(
            f"resume needs the agent's earlier name: give a name that stays the same when the job "
            f"restarts, by agent_id=, --agent-id or {_env.AGENT_ID}"
        )
    return name


def name_of_slot(agent_id: str, slot: int) -> str:
    """Return the name under which one loop of an agent takes runs, and resumes its own."""
    return f"{agent_id}/{slot}" if slot else agent_id
