"""Runs cells in a notebook's kernel, one after the other: `python kernel_session.py <cells.json>`.

A cell is `{"code": …, "interruptAt": text?}`; where it has a text, the kernel is interrupted once an output holds it. The last line is a JSON array with
`{"status", "text", "stderr", "html"}` for each cell.
"""

import json
import sys
from pathlib import Path

from jupyter_client.manager import start_new_kernel

TIMEOUT = 120


def run(manager, client, cell):
    seen = {"text": "", "stderr": "", "html": [], "interrupted": False}

    def take(message):
        content = message["content"]
        if message["msg_type"] == "stream":
            seen["stderr" if content["name"] == "stderr" else "text"] += content["text"]
        elif message["msg_type"] in ("display_data", "update_display_data"):
            seen["html"].append(content["data"].get("text/html", ""))
        if not seen["interrupted"] and "interruptAt" in cell and cell["interruptAt"] in seen["text"]:
            seen["interrupted"] = True
            manager.interrupt_kernel()

    reply = client.execute_interactive(cell["code"], timeout=TIMEOUT, output_hook=take)
    return {"status": reply["content"]["status"], **{name: seen[name] for name in ("text", "stderr", "html")}}


def main():
    cells = json.loads(Path(sys.argv[1]).read_text())
    manager, client = start_new_kernel(kernel_name="tslab", startup_timeout=TIMEOUT)
    try:
        print(json.dumps([run(manager, client, cell) for cell in cells]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main()
