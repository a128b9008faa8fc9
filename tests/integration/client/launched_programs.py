"""Programs of launched agents; their argument is a folder, in which they write files."""

# Names a file after its process; then runs until it is stopped.
ENDLESS = """
import os, signal, sys
from pathlib import Path
Path(sys.argv[1], str(os.getpid())).touch()
while True:
    signal.pause()
"""
# Writes its GPUs into a file of its agent's; runs until another agent's program has done so too.
TOGETHER = """
import os, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
(folder / os.environ["WANLLMDB_AGENT_ID"]).write_text(os.environ["CUDA_VISIBLE_DEVICES"])
while len(list(folder.iterdir())) < 2:
    time.sleep(0.05)
"""
