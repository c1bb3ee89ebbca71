"""What the API needs from the application."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from channels.rate_limit import RateLimiter
from channels.webchat_types import Rate
from config.business import Business
from config.settings import Settings
from crm_core.access import Reach, Viewer
from crm_core.db import Sessions
from crm_core.erp.port import Erp


@dataclass(frozen=True, slots=True)
class ApiServices:
    """Handed over by the composition root."""

    sessions: Sessions
    business: Business
    erp: Erp
    settings: Settings
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Api:
    """The services, with the limits that live as long as the process."""

    services: ApiServices
    limiter: RateLimiter

    def reach(self, viewer: Viewer) -> Reach:
        queues = self.services.business.queues.queues
        return Reach(viewer, {queue.key: frozenset(queue.teams) for queue in queues})


def open_api(services: ApiServices) -> Api:
    limits = services.settings.api
    return Api(services, RateLimiter(Rate(limits.per_s, limits.burst)))
