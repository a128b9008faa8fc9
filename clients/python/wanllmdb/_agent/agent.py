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

from wanllmdb._agent.console import Console
from wanllmdb._agent.giving_up import GiveUpPolicy
from wanllmdb._agent.loop import Loop, RunOne
from wanllmdb._agent.orders import StopOrder
from wanllmdb._agent.outage import DEFAULT_PATIENCE
from wanllmdb._agent.progress import Progress, summary_text
from wanllmdb._agent.shutdown import Shutdown, Urgency
from wanllmdb._agent.signals import INTERRUPTS_TO_STOP, Signals
from wanllmdb._agent.tally import AgentResult, Tally
from wanllmdb._agent.view import View
from wanllmdb._client import Client
from wanllmdb._types.sweep import Sweep

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
        agent_id: the agent's name; made from host and process where None.
        make_view: makes what shows the runs; lines on stderr where None.
        patience: seconds to wait for services that are away in mid-sweep.
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
        policy: GiveUpPolicy | None = None,
        agent_id: str | None = None,
        make_view: Callable[[Sweep], View] | None = None,
        patience: float = DEFAULT_PATIENCE,
        forwarded: Sequence[signal.Signals] = (),
        forward: Callable[[signal.Signals], None] | None = None,
    ) -> None:
        self._client = client
        self._sweep_id = sweep_id
        self._runner = make_runner(self._in_caller)
        self._count = count
        self._parallel = parallel
        self._agent_id = agent_id or f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        self._make_view = make_view
        self._patience = patience
        self._forwarded = forwarded
        self._forward = forward
        self._tally = Tally(count, policy or GiveUpPolicy.of())
        self._shutdown = Shutdown()
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._interrupted = False
        self._terminated = False

    def run(self) -> AgentResult:
        """Works until the sweep has no more runs, `count` is reached, or it is told to end.

        Raises:
            AgentGaveUpError: too many runs failed.
            UnavailableError: the services are not there, or stayed away too long.
            NotFoundError: there is no such sweep.
            KeyboardInterrupt: Ctrl-C came a third time.
        """
        with Signals(self._heard, self._forwarded):
            sweep = self._client.get_sweep(self._sweep_id)
            if self._make_view is not None:
                self._view = self._make_view(sweep)
            else:
                self._view = Progress(Console(), sweep, self._count)
            try:
                self._conduct(self._start(sweep))
                self._runner.close()
            except KeyboardInterrupt:
                self._shutdown.demand(Urgency.LEAVE)
                self._runner.kill()
                raise
            finally:
                self._view.close()
        result = self._tally.result(interrupted=self._interrupted, terminated=self._terminated)
        if self._tally.error is not None:
            raise self._tally.error
        summary = summary_text(result.runs, result.failed, self._view.best, sweep)
        if result.was_interrupted or result.was_terminated:
            self._view.line(f"agent {result.ended_by}: {summary}")
        else:
            self._view.line(f"agent done ({result.ended_by}): {summary}")
        return result

    def _start(self, sweep: Sweep) -> int:
        said: set[str] = set()
        for slot in range(self._parallel):
            loop = Loop(
                self._client,
                sweep,
                self._runner,
                agent_id=self._agent_id,
                tally=self._tally,
                shutdown=self._shutdown,
                view=self._view,
                said=said,
                slot=slot,
                patience=self._patience,
            )
            name = f"wanllmdb-agent-{slot}"
            threading.Thread(target=self._work, args=(loop,), name=name, daemon=True).start()
        return self._parallel

    def _work(self, loop: Loop) -> None:
        try:
            loop.work()
        except BaseException as error:
            self._tally.fail(error)
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
            if self._shutdown.urgency >= Urgency.DRAIN and not self._tally.active:
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

    def _heard(self, number: signal.Signals, count: int) -> None:
        """Acts on a signal, in the thread that listens for them."""
        if number in self._forwarded and self._forward is not None:
            self._forward(number)
        if number == signal.SIGTERM:
            self._terminated = True
            self._stop_all("the agent was told to end by SIGTERM")
        elif number == signal.SIGINT:
            self._interrupted = True
            if count == 1:
                self._drain()
            elif count == INTERRUPTS_TO_STOP:
                self._stop_all("the agent was interrupted")
        # Wakes the caller's thread, which may have nothing left to wait for.
        self._tasks.put(_nothing)

    def _drain(self) -> None:
        self._shutdown.demand(Urgency.DRAIN)
        active = self._tally.active
        if active:
            runs = "run " if len(active) == 1 else "runs "
            runs += ", ".join(str(run.number) for run in active)
            it = "it" if len(active) == 1 else "them"
            self._view.line(
                f"interrupted: waiting for {runs} to end; Ctrl-C again stops {it} and gives {it} "
                f"back, a third time ends this at once"
            )

    def _stop_all(self, reason: str) -> None:
        self._shutdown.demand(Urgency.GIVE_BACK)
        for run in self._tally.active:
            run.stop(StopOrder(reason, None, gives_back=True))


def _nothing() -> None:
    """Wakes a thread."""
