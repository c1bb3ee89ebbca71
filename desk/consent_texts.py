"""Which text somebody agreed to: a mark that changes whenever the text does."""

import json
from hashlib import sha256

from config.business import Business
from crm_core.campaign_values import Purpose


def consent_version(business: Business) -> str | None:
    """Of the text for news and offers as it stands now, in all its languages; None without one."""
    found = next((each for each in business.consents.consents if each.key == Purpose.MARKETING), None)
    if found is None:
        return None
    written = json.dumps({code: found.text[code] for code in sorted(found.text)}, ensure_ascii=False)
    return sha256(written.encode()).hexdigest()[:12]
