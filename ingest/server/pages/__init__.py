"""Pages for people: the list of jobs, a job with its package playing, uploads, and signing in."""

from ingest.server.dialect import Dialect
from ingest.server.pages.rendering import refuse
from ingest.server.pages.routes import router

PAGES = Dialect("pages", router, refuse)
