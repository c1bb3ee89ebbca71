"""Replies counted in the time in which their queue was open: its hours as a parameter, and PostgreSQL that reads it."""

from datetime import datetime
from itertools import accumulate, pairwise

from crm_core.contracts import Json, JsonObject
from crm_core.routing_rules import Rules

# Open seconds of a queue until a moment: `edges` alternate between opening and closing, `opened` is the sum until each.
_OPEN_UNTIL = """
    (coalesce(opened[{at}_edge], 0) + case when {at}_edge % 2 = 1 then {at}_s - edges[{at}_edge] else 0 end)
"""
_SECONDS = "cast(extract(epoch from {} - cast(:since as timestamptz)) as double precision)"
# Follows `reply`, the facts in calendar time. Materialised: else each sum would look the hours up again.
IN_OPEN_HOURS = f""", hours as (
    select key as queue,
           array(select cast(edge as double precision) from jsonb_array_elements_text(value->'edges') edge) as edges,
           array(select cast(open_s as double precision) from jsonb_array_elements_text(value->'opened') open_s)
             as opened
    from jsonb_each(cast(:hours as jsonb))
), timed as materialized (
    select *, {_SECONDS.format("began_at")} as began_s, {_SECONDS.format("replied_at")} as replied_s from reply
), placed as materialized (
    select t.*, h.edges, h.opened, width_bucket(began_s, h.edges) as began_edge,
           width_bucket(replied_s, h.edges) as replied_edge
    from timed t left join hours h on h.queue = t.queue
), fact as materialized (
    select queue, channel, language, intent, agent, began_at, is_first, replied_at, is_over, reply_s,
           case when edges is null then reply_s
                else {_OPEN_UNTIL.format(at="replied")} - {_OPEN_UNTIL.format(at="began")} end as open_s
    from placed
)"""  # noqa: S608 - every part is a constant of ours


def hours_of_queues(rules: Rules, since: datetime, until: datetime) -> JsonObject:
    """Of each queue: the edges of its opening hours, and how long it had been open at each; seconds from `since`."""
    found: JsonObject = {}
    for queue_key in rules.queues:
        spans = rules.hours(queue_key).spans_between(since, until)
        ends = [*accumulate(end - start for start, end in spans)]
        edges: list[Json] = [edge - since.timestamp() for span in spans for edge in span]
        opened: list[Json] = [total for before, end in pairwise([0.0, *ends]) for total in (before, end)]
        found[queue_key] = {"edges": edges, "opened": opened}
    return found
