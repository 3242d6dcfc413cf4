"""Takes files out of requests, without ever having more of one in memory than a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request

    from ingest.engine.model import StoredFile
    from ingest.server.core import Core
    from ingest.server.filestore import About
    from ingest.server.pieces import Piece
    from ingest.server.uploads import Upload

_BLOCK = 1024 * 1024


async def pour(request: Request, write: Callable[[bytes], object]) -> None:
    """Hand a request's body on block by block; what came before a client went away as well.

    Raises:
        Refusal: `invalid`, the client went away.
    """
    block = bytearray()
    try:
        async for chunk in request.stream():
            block += chunk
            if len(block) >= _BLOCK:
                await run_in_threadpool(write, bytes(block))
                block.clear()
    except ClientDisconnect as error:
        await run_in_threadpool(write, bytes(block))
        raise Refusal("invalid", "the connection broke off", code="connection_lost") from error
    await run_in_threadpool(write, bytes(block))


async def receive_piece(request: Request, piece: Piece) -> Upload:
    """The body is a piece of an upload; the upload with it. Raises Refusal as `Piece` does."""
    await run_in_threadpool(piece.__enter__)
    try:
        await pour(request, piece.write)
        return await run_in_threadpool(piece.commit)
    finally:
        await run_in_threadpool(piece.__exit__, None, None, None)


def refuse_early(request: Request, core: Core, account: str) -> None:
    """Where a request says how long its body is. Raises Refusal `too_large` for one file, or for the account."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdecimal():
        core.files.room(account, int(declared))


async def receive_file(request: Request, core: Core, account: str, about: About) -> StoredFile:
    """The body is a whole file. Raises Refusal as `Writer` does."""
    await run_in_threadpool(refuse_early, request, core, account)
    writer = await run_in_threadpool(core.files.writer, account, about)
    try:
        await pour(request, writer.write)
        return await run_in_threadpool(writer.commit)
    finally:
        await run_in_threadpool(writer.__exit__, None, None, None)
