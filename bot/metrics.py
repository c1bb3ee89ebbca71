"""What Prometheus scrapes at `/metrics`, in the units Prometheus asks for (seconds, totals)."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8)


class Metrics:
    """One registry a process; parts get this object, never a global."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.turn_seconds = Histogram(
            "switchboard_turn_seconds", "One turn of dialogue.", ["outcome"], registry=self.registry, buckets=BUCKETS_S
        )
        self.nlu_seconds = Histogram(
            "switchboard_nlu_seconds", "Understanding one text.", ["language"], registry=self.registry,
            buckets=BUCKETS_S,
        )  # fmt: skip
        self.nlu_fallbacks = Counter(
            "switchboard_nlu_fallbacks", "Messages our engine answered for Rasa.", ["fault"], registry=self.registry
        )
        self.erp_seconds = Histogram(
            "switchboard_erp_seconds", "One call of the ERP.", ["operation", "outcome"], registry=self.registry,
            buckets=BUCKETS_S,
        )  # fmt: skip
        self.erp_unknown_states = Counter(
            "switchboard_erp_unknown_states", "States of an ERP that are mapped nowhere.", ["erp", "axis", "state"],
            registry=self.registry,
        )  # fmt: skip
        self.received = Counter(
            "switchboard_messages_received", "Messages taken in.", ["inbox", "new"], registry=self.registry
        )
        self.sends = Counter("switchboard_sends", "Sends by result.", ["channel", "result"], registry=self.registry)
        self.unknown_payloads = Counter(
            "switchboard_unknown_payloads", "Payloads that no rule understood.", ["channel"], registry=self.registry
        )
        self.queue_oldest_seconds = Gauge(
            "switchboard_queue_oldest_seconds", "Longest wait in a queue.", ["queue"], registry=self.registry
        )
        self.queue_length = Gauge(
            "switchboard_queue_length", "Conversations waiting.", ["queue"], registry=self.registry
        )
        self.jobs_due = Gauge("switchboard_jobs_due", "Jobs due and unclaimed.", registry=self.registry)
        self.jobs_buried = Gauge("switchboard_jobs_buried", "Jobs given up.", registry=self.registry)
        self.jobs_oldest_seconds = Gauge(
            "switchboard_jobs_oldest_seconds", "How long the oldest due job waits.", registry=self.registry
        )
