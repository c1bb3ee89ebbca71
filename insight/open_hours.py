"""Replies counted in the time in which their queue was open: its hours as a parameter, and PostgreSQL that reads it."""

from datetime import datetime
from itertools import accumulate, pairwise

from crm_core.contracts import Json, JsonObject
from crm_core.routing_rules import Rules

# Open seconds of a queue until a moment: `edges` alternate between opening and closing, `opened` is the sum until each.
_OPEN_UNTIL = """
    (coalesce(h.opened[width_bucket(extract(epoch from {at}), h.edges)], 0)
     + case when width_bucket(extract(epoch from {at}), h.edges) % 2 = 1
            then extract(epoch from {at}) - h.edges[width_bucket(extract(epoch from {at}), h.edges)] else 0 end)
"""
# follows `reply`, the facts in calendar time
IN_OPEN_HOURS = f""", hours as (
    select key as queue,
           array(select cast(edge as numeric) from jsonb_array_elements_text(value->'edges') edge) as edges,
           array(select cast(open_s as numeric) from jsonb_array_elements_text(value->'opened') open_s) as opened
    from jsonb_each(cast(:hours as jsonb))
), fact as (
    select r.*, case when h.queue is null then r.reply_s
                else {_OPEN_UNTIL.format(at="r.replied_at")} - {_OPEN_UNTIL.format(at="r.began_at")} end as open_s
    from reply r left join hours h on h.queue = r.queue
)"""  # noqa: S608 - every part is a constant of ours


def hours_of_queues(rules: Rules, since: datetime, until: datetime) -> JsonObject:
    """Of each queue: the edges of its opening hours in this time, and how long it had been open at each."""
    found: JsonObject = {}
    for queue_key in rules.queues:
        spans = rules.hours(queue_key).spans_between(since, until)
        ends = [*accumulate(end - start for start, end in spans)]
        edges: list[Json] = [edge for span in spans for edge in span]
        opened: list[Json] = [total for before, end in pairwise([0.0, *ends]) for total in (before, end)]
        found[queue_key] = {"edges": edges, "opened": opened}
    return found
