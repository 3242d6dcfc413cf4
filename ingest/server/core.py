"""What a route gets: the queue, the files, the keys and the settings of this server."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from ingest.engine.model import UrlSource
from ingest.media.cancel import CancelToken
from ingest.server.addresses import checked_url, without_credentials
from ingest.server.filestore import FileStore
from ingest.server.keys import KeyRing
from ingest.server.refusals import Refusal
from ingest.server.streams import Streams
from ingest.server.tickets import Tickets
from ingest.server.uploads import Uploads

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ingest.engine.model import Job, Submission
    from ingest.engine.queue import JobQueue
    from ingest.server.keys import Principal
    from ingest.server.settings import ServerSettings


@dataclass(frozen=True, slots=True)
class Core:
    """The server's insides, safe to share among threads; all but `principal` is synchronous.

    `closing` is set when the server ends: what a request waits for is broken off then.
    """

    queue: "JobQueue"
    files: FileStore
    uploads: Uploads
    keys: KeyRing
    tickets: Tickets
    settings: "ServerSettings"
    streams: Streams = field(default_factory=Streams)
    closing: CancelToken = field(default_factory=CancelToken)

    def base_url(self, request: Request) -> str:
        """What URLs of this server begin with, without a slash at the end."""
        return self.settings.public_url or str(request.base_url).rstrip("/")

    async def principal(self, shown: str) -> "Principal":
        """Who shows this key or token: at once where that is known, else by a look into the store.

        Raises:
            Refusal: as `KeyRing.principal`.
        """
        known = self.keys.known(shown)
        return known if known is not None else await run_in_threadpool(self.keys.principal, shown)

    def media_url(self, job: "Job", request: Request, principal: "Principal") -> str:
        """Where players find the files of the job's package without a key; it ends with a slash.

        For a day, or until the key ends that `principal` has shown.
        """
        return f"{self.base_url(request)}/media/{self.ticket(job, principal)}/"

    def ticket(self, job: "Job", principal: "Principal") -> str:
        """What stands for the key in the URLs of the job's package."""
        return self.tickets.issue(job.job_id, principal.key_id)

    def submit(self, principal: "Principal", submission: "Submission") -> "Job":
        """A new job of the principal's account, queued.

        Raises:
            Refusal: `forbidden`; `too_many` jobs of the account have not ended; `invalid`, a URL that is not fetched.
            UsageError, SourceError: as `JobQueue.submit`.
        """
        checked = self._checked(principal, submission)
        return self.queue.submit(principal.account, principal.name, checked, check=self._check_length)

    def draft(self, principal: "Principal", submission: "Submission") -> "Job":
        """A new job that waits for `run`. Raises as `submit`."""
        checked = self._checked(principal, submission)
        return self.queue.draft(principal.account, principal.name, checked, check=self._check_length)

    def change(self, principal: "Principal", job_id: str, submission: "Submission") -> "Job":
        """Let a draft be another submission. Raises as `draft`, but for the number of jobs."""
        checked = self._checked(principal, submission)
        return self.queue.change(principal.seen, job_id, submission=checked)

    def run(self, principal: "Principal", job_id: str) -> "Job":
        """Queue a draft, which counted among the account's jobs already. Raises as `change`."""
        principal.require("submit")
        return self.queue.run(principal.seen, job_id)

    def retry(self, principal: "Principal", job_id: str) -> "Job":
        """Queue a failed or cancelled job again. Raises as `submit`."""
        principal.require("submit")
        return self.queue.retry(principal.seen, job_id, check=self._check_length)

    def _checked(self, principal: "Principal", submission: "Submission") -> "Submission":
        """The submission with its URLs looked at; user and password stand beside the source's, not in it."""
        principal.require("submit")
        private = self.settings.private_urls
        for url in submission.webhooks.values():
            if checked_url(url, private=private).username is not None:
                raise Refusal("invalid", "a webhook's URL may hold no password", code="url_invalid")
        source = submission.source
        if not isinstance(source, UrlSource):
            return submission
        checked_url(source.url, private=private)
        url, user, password = without_credentials(source.url)
        if user or password:
            source = replace(source, url=url, username=user, password=password)
        return replace(submission, source=source)

    def _check_length(self, connection: "Connection", account: str) -> None:
        limit = self.settings.max_queued
        if limit is not None and self.queue.open_jobs(connection, account) > limit:
            message = f"{limit} jobs of the account wait or run already, or are drafts"
            raise Refusal("too_many", message, code="queue_full", headers={"Retry-After": "60"})


def make_core(queue: "JobQueue", settings: "ServerSettings") -> Core:
    """The core of a server over a queue; both share its database.

    Raises:
        OutputError: STORE_UNUSABLE.
    """
    database = queue.database
    files = FileStore(database, settings.home, max_size=settings.max_upload, max_stored=settings.max_stored)
    return Core(
        queue=queue,
        files=files,
        uploads=Uploads(files, timedelta(seconds=settings.upload_seconds)),
        keys=KeyRing(database, no_auth=settings.no_auth, rate=settings.rate),
        tickets=Tickets.open(settings.home, settings.ticket_seconds),
        settings=settings,
    )


def core_of(request: Request) -> Core:
    """The core of the server that a request came to."""
    return cast("Core", request.app.state.core)


async def get_core(request: Request) -> Core:
    """For routes: `core: Annotated[Core, Depends(get_core)]`."""
    # Not a plain function: FastAPI would call that in another thread, which costs more than all that is done here.
    return core_of(request)
