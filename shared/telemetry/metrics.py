"""Every metric there is, by name. One process a pod, so no multiprocess mode."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

# HTTP: requests by route, method and status class; seconds to answer.
HTTP_REQUESTS = Counter("zhengji_http_requests_total", "Requests answered", ["service", "route", "method", "status"])
HTTP_SECONDS = Histogram("zhengji_http_request_seconds", "Seconds to answer", ["service", "route"], buckets=_SECONDS)
# Crowds: what was turned away, by importance; seconds that all have to wait; how many stand in line.
HTTP_TURNED_AWAY = Counter("zhengji_http_turned_away_total", "Requests told to come again", ["service", "importance"])
HTTP_STANDING_WAIT = Gauge("zhengji_http_standing_wait_seconds", "Shortest wait of the last moments", ["service"])
HTTP_WAITING = Gauge("zhengji_http_waiting", "Visitors in line", ["service"])
# Commands: what people asked and the rules refused, by code.
REFUSALS = Counter("zhengji_refusals_total", "Wishes the rules refused", ["service", "code"])
# The one write: conflicts that were tried again.
WRITE_CONFLICTS = Counter("zhengji_write_conflicts_total", "Writes that found another version", ["service", "kept_in"])
# Telling: events told, by topic; the age of the oldest untold event; chunks that got no acknowledgement; newest states
# told once more.
EVENTS_TOLD = Counter("zhengji_events_told_total", "Events acknowledged by Kafka", ["service", "topic"])
OUTBOX_OLDEST_SECONDS = Gauge("zhengji_outbox_oldest_seconds", "Age of the oldest untold event", ["service"])
OUTBOX_WAITING = Gauge("zhengji_outbox_documents", "Documents with untold events", ["service"])
TELL_FAILURES = Counter("zhengji_tell_failures_total", "Events without acknowledgement", ["service"])
STATES_TOLD_AGAIN = Counter("zhengji_states_told_again_total", "Doubtful states told again", ["service", "topic"])
RELAY_OWNER = Gauge("zhengji_relay_owner", "1 where this process holds the relay's lease", ["service"])
# Hearing: events by fate; seconds from the fact to its effect; pauses for a dependency.
EVENTS_HEARD = Counter("zhengji_events_heard_total", "Events taken from Kafka", ["service", "topic", "fate"])
HEARING_AGE_SECONDS = Histogram("zhengji_hearing_age_seconds", "Fact to effect", ["service", "topic"], buckets=_SECONDS)
PAUSES = Counter("zhengji_pauses_total", "Times a loop paused because a dependency was away", ["service", "dependency"])
PARKED = Gauge("zhengji_parked_events", "Events that wait parked", ["service"])
PARKED_OLDEST_SECONDS = Gauge("zhengji_parked_oldest_seconds", "Age of the event parked longest", ["service"])
PARKED_ENDED = Counter("zhengji_parked_ended_total", "Parked events that left, by how", ["service", "end"])
DEAD = Counter("zhengji_dead_events_total", "Records that could not be attributed", ["service"])
BREAKER_OPEN = Gauge("zhengji_breaker_open", "1 while the listener has stopped itself", ["service"])
# Jobs: by kind and end; seconds of work; how many wait.
JOBS_ENDED = Counter("zhengji_jobs_total", "Tries of jobs by end", ["service", "kind", "end"])
JOB_SECONDS = Histogram("zhengji_job_seconds", "Seconds of work in one try", ["service", "kind"], buckets=_SECONDS)
JOBS_WAITING = Gauge("zhengji_jobs_waiting", "Jobs that wait for a worker", ["service", "kind"])
# Letters: by kind and state.
LETTERS = Counter("zhengji_letters_total", "Letters by what became of them", ["service", "kind", "state"])
