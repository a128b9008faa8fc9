"""The actor of Ray that runs one agent as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

from wanllmdb.cli.group_guard import GroupGuard
from wanllmdb.cli.launching.request import NAMESPACE

MOST_RESTARTS = 3
"""How often an agent is started again that a signal killed, and an actor whose process was."""


class RayAgent:
    """Starts an agent at once, and ends its actor when the agent has ended.

    A thread starts the agent and waits for it, so that the actor answers meanwhile. Ray gives the
    actor its GPUs by CUDA_VISIBLE_DEVICES, which the agent inherits.

    Args:
        name: the actor's name.
        arguments: the arguments of `wanllmdb`.
        variables: variables of the agent beside the actor's own.
        folder: the folder in which the agent starts.
        grace: seconds that the agent has to end if the actor's process is killed.

    Raises:
        FileNotFoundError: this node does not have the folder.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        variables: Mapping[str, str],
        folder: str,
        grace: float,
    ) -> None:
        if not os.path.isdir(folder):  # noqa: PTH112
            raise FileNotFoundError(f"this node has no folder {folder}")
        self._name = name
        self._command = [sys.executable, "-m", "wanllmdb.cli.main", *arguments]
        self._variables = variables
        self._folder = folder
        self._guard = GroupGuard(grace)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False
        threading.Thread(target=self._keep, name="agent", daemon=True).start()

    def is_there(self) -> bool:
        """True: an actor that still waits for its node does not answer."""
        return True

    def stop(self) -> None:
        """Send SIGTERM to the agent, which gives its run back and ends."""
        with self._lock:
            self._is_stopped = True
            if self._process is not None:
                self._process.send_signal(signal.SIGTERM)

    def _keep(self) -> None:
        """Run the agent to its end, and again after a signal that did not come from `stop`."""
        try:
            for _ in range(MOST_RESTARTS + 1):
                code = self._run_once()
                print(f"the agent ended with exit code {code}", file=sys.stderr, flush=True)
                if code >= 0 or self._is_stopped:
                    break
        finally:
            self._guard.close()
            self._end_actor()

    def _run_once(self) -> int:
        # If Ray or the system kills this process, the guard ends the agent by SIGTERM.
        group = self._guard.new_group()
        try:
            with self._lock:
                if self._is_stopped:
                    return 0
                self._process = subprocess.Popen(
                    self._command,
                    cwd=self._folder,
                    env={**os.environ, **self._variables},
                    stdin=subprocess.DEVNULL,
                    process_group=group,
                )
            self._guard.joined(group)
            return self._process.wait()
        finally:
            self._guard.ended(group)

    def _end_actor(self) -> None:
        """Free what the actor has of its node."""
        import ray

        ray.kill(ray.get_actor(self._name, namespace=NAMESPACE), no_restart=True)
