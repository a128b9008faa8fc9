"""The agent: runs a training function, or any other program, for the runs of a sweep.

An `Agent` has one or more `Loop`s, each with its own thread. A `RunOne`, such as
`FunctionRunner`, executes a single run.
"""

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.agent import Agent, agent_name
from wanllmdb._agent.commands import StopOrder
from wanllmdb._agent.console import Console
from wanllmdb._agent.counts import AgentResult
from wanllmdb._agent.display import Display
from wanllmdb._agent.failure_policy import FailurePolicy
from wanllmdb._agent.function import FunctionRunner
from wanllmdb._agent.loop import Ended, RunOne
from wanllmdb._agent.wait_policy import OutageWaiter, WaitPolicy

__all__ = [
    "ActiveRun",
    "Agent",
    "AgentResult",
    "Console",
    "Display",
    "Ended",
    "FailurePolicy",
    "FunctionRunner",
    "OutageWaiter",
    "RunOne",
    "StopOrder",
    "WaitPolicy",
    "agent_name",
]
