"""The agent: what runs a training function, or any other program, for the runs of a sweep.

The loop is `AgentLoop`; what it does with a run is a `RunOne`, such as `FunctionRunner`.
"""

from wanllmdb._agent.active_run import ActiveRun, StopOrder
from wanllmdb._agent.console import Console
from wanllmdb._agent.function import FunctionRunner
from wanllmdb._agent.loop import AgentLoop, AgentResult, Ended, RunOne

__all__ = [
    "ActiveRun",
    "AgentLoop",
    "AgentResult",
    "Console",
    "Ended",
    "FunctionRunner",
    "RunOne",
    "StopOrder",
]
