"""Types at Node's prompt in a terminal of its own: `python prompt_session.py <node> <steps.json>`.

A step is `[text to wait for, keys to press]`. Standard output is all that the terminal showed.
"""

import json
import os
import pty
import select
import sys
import time
from pathlib import Path

TIMEOUT = 120


def main():
    steps = json.loads(Path(sys.argv[2]).read_text())
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "dumb"
        os.execv(sys.argv[1], [sys.argv[1]])
    shown, seen = b"", 0
    for expected, keys in steps:
        end = time.monotonic() + TIMEOUT
        while expected.encode() not in shown[seen:]:
            if time.monotonic() > end:
                sys.exit(f"waited for {expected!r} in vain; the terminal showed: {shown.decode(errors='replace')[-2000:]}")
            if select.select([terminal], [], [], 1)[0]:
                shown += os.read(terminal, 65536)
        seen = shown.index(expected.encode(), seen) + len(expected.encode())
        os.write(terminal, keys.encode())
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the program has ended
            break
        if not part:
            break
        shown += part
    os.waitpid(child, 0)
    sys.stdout.write(shown.decode(errors="replace"))


main()
