"""Video ingest: any video file in, a verified HLS and DASH package and a job record out.

>>> import ingest
>>> record = ingest.run("movie.mp4", ["fhd"], "movie_ingest")  # doctest: +SKIP
>>> record.status  # doctest: +SKIP
<Status.COMPLETED: 'COMPLETED'>
"""

__version__ = "0.1.0"
