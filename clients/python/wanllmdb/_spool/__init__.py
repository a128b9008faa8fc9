"""What agents keep on disk until a registry has it: how runs ended, and their last values.

A `Spool` is a folder of files, one a run's part, each a `SpooledRun`; a `Courier` delivers them.
Everything in it may be sent twice: requests carry the ids that they were first sent with.
"""

from wanllmdb._spool.courier import Courier, Delivery
from wanllmdb._spool.entry import BadSpoolFileError, Refusal, SpooledRun
from wanllmdb._spool.folder import Spool, SpooledFile, SpoolFullError
from wanllmdb._spool.locks import lock
from wanllmdb._spool.overflow import Overflow
from wanllmdb._spool.refusals import refuses_content, weaker
from wanllmdb._spool.run_spool import RunSpool

__all__ = [
    "BadSpoolFileError",
    "Courier",
    "Delivery",
    "Overflow",
    "Refusal",
    "RunSpool",
    "Spool",
    "SpoolFullError",
    "SpooledFile",
    "SpooledRun",
    "lock",
    "refuses_content",
    "weaker",
]
