"""The agent: what runs a training function, or any other program, for the runs of a sweep.

An `Agent` has one `Loop` or several, each with a thread; what they do with a run is a
`RunOne`, such as `FunctionRunner`.
"""

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.agent import Agent
from wanllmdb._agent.console import Console
from wanllmdb._agent.function import FunctionRunner
from wanllmdb._agent.giving_up import GiveUpPolicy
from wanllmdb._agent.loop import Ended, RunOne
from wanllmdb._agent.orders import StopOrder
from wanllmdb._agent.outage import OutageWaiter
from wanllmdb._agent.patience import Patience
from wanllmdb._agent.resuming import agent_name
from wanllmdb._agent.tally import AgentResult
from wanllmdb._agent.view import View

__all__ = [
    "ActiveRun",
    "Agent",
    "AgentResult",
    "Console",
    "Ended",
    "FunctionRunner",
    "GiveUpPolicy",
    "OutageWaiter",
    "Patience",
    "RunOne",
    "StopOrder",
    "View",
    "agent_name",
]
