"""The spool: results and last values of runs, kept on disk until a registry confirms them.

A `Spool` is a folder of files, each a `SpooledRun`; a `SpoolDelivery` sends them to the registry.
Sending a file twice is safe: its requests keep the ids that they were first sent with.
"""

from wanllmdb._spool.delivery import DeliveryReport, SpoolDelivery
from wanllmdb._spool.entry import BadSpoolFileError, Rejection, SpooledRun
from wanllmdb._spool.folder import Spool, SpooledFile, SpoolFullError, lock
from wanllmdb._spool.rejected import reduced, rejects_content
from wanllmdb._spool.run_spool import Overflow, RunSpool

__all__ = [
    "BadSpoolFileError",
    "DeliveryReport",
    "Overflow",
    "Rejection",
    "RunSpool",
    "Spool",
    "SpoolDelivery",
    "SpoolFullError",
    "SpooledFile",
    "SpooledRun",
    "lock",
    "reduced",
    "rejects_content",
]
