"""Drives `certonboard mcp` with the protocol's own Python client, which this project did not write. Steps come as JSON lines on stdin, answers go as
JSON lines to stdout.

    drive.py BINARY ANSWER [--new]

ANSWER is what the person says when asked: accept, decline, cancel, no (accepts the form and leaves the box empty), or none (a client that can't ask).
--new speaks the protocol in which questions come with the answer of a call, instead of the older one with questions of their own.
"""

import asyncio
import json
import os
import sys

import mcp
import mcp.types as types
from mcp import ClientSession, StdioServerParameters, stdio_client

binary, answer = sys.argv[1], sys.argv[2]
new = "--new" in sys.argv
asked, steps = [], []
# A server that says nothing for so long has hung.
PATIENCE = 600


async def person(_, params):
    asked.append(params.message)
    if answer == "no":
        return types.ElicitResult(action="accept", content={"approve": False})
    content = {"approve": True} if answer == "accept" else None
    return types.ElicitResult(action=answer, content=content)


async def progress(done, total, message):
    steps.append([done, total, message])


def told(value):
    print(json.dumps(value), flush=True)


async def step(session, line):
    asked.clear()
    steps.clear()
    kind = line["do"]
    if kind == "tools":
        tools = (await session.list_tools()).tools
        return [{"name": t.name, "read_only": t.annotations.read_only_hint, "input": t.input_schema, "output": t.output_schema} for t in tools]
    if kind == "call":
        call = session.call_tool(line["tool"], line.get("args", {}), progress_callback=progress)
        if line.get("cancel_after_steps"):
            task = asyncio.create_task(call)
            while len(steps) < line["cancel_after_steps"] and not task.done():
                await asyncio.sleep(0.02)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                return {"cancelled": True, "steps": list(steps)}
        result = await (task if line.get("cancel_after_steps") else call)
        text = "".join(block.text for block in result.content if block.type == "text")
        return {"told": result.structured_content, "text": text, "error": bool(result.is_error), "asked": list(asked), "steps": list(steps)}
    if kind == "resources":
        return [str(r.uri) for r in (await session.list_resources()).resources]
    if kind == "templates":
        return [t.uri_template for t in (await session.list_resource_templates()).resource_templates]
    if kind == "read":
        contents = (await session.read_resource(line["uri"])).contents
        return [{"mime": c.mime_type, "text": getattr(c, "text", None), "blob": getattr(c, "blob", None)} for c in contents]
    raise ValueError(kind)


async def main():
    server = StdioServerParameters(command=binary, args=["mcp"], env=dict(os.environ), cwd=os.getcwd())
    info = types.Implementation(name="test-agent", version="7")
    asks = None if answer == "none" else person
    if new:
        async with mcp.Client(server, elicitation_callback=asks, client_info=info, read_timeout_seconds=PATIENCE) as client:
            await run(client, client.session.protocol_version)
        return
    async with stdio_client(server) as (read, write):
        async with ClientSession(read, write, elicitation_callback=asks, client_info=info, read_timeout_seconds=PATIENCE) as session:
            begun = await session.initialize()
            await run(session, begun.protocol_version)


async def run(session, version):
    told({"protocol": version})
    for line in sys.stdin:
        try:
            told(await step(session, json.loads(line)))
        except mcp.MCPError as error:
            told({"protocol_error": {"code": error.error.code, "message": error.error.message}})


asyncio.run(main())
