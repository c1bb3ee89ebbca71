"""Every error the core raises, as one tree; the edges map `code` to HTTP, exit codes and retries.

SwitchboardError                 code                    HTTP
├── InvalidInput                 invalid_input           422
│   ├── Malformed                malformed               400
│   ├── TooLarge                 too_large               413
│   └── NotEnough                not_enough              422
├── NotFound                     not_found               404
├── Forbidden                    forbidden               403
├── Conflict                     conflict                409
│   ├── IllegalTransition        illegal_transition      409
│   ├── AlreadyTaken             already_taken           409
│   ├── AgentAway                agent_away              409
│   └── AlreadySent              already_sent            409
├── Unauthenticated              unauthenticated         401
├── RateLimited                  rate_limited            429
├── SetupRequired                setup_required          503
├── Unavailable                  unavailable             503   (retryable)
└── ErpError                     erp_error               502
    ├── ErpUnavailable           erp_unavailable         503   (retryable)
    │   ├── ErpTimeout           erp_timeout             504   (retryable)
    │   └── ErpRateLimited       erp_rate_limited        503   (retryable)
    ├── ErpAuth                  erp_auth                502
    ├── ErpForbidden             erp_forbidden           502
    ├── ErpBadRequest            erp_bad_request         502
    ├── ErpContract              erp_contract            502
    ├── ErpInDoubt               erp_in_doubt            502
    └── ErpNotSupported          erp_not_supported       501
"""

from typing import ClassVar


class SwitchboardError(Exception):
    """Carries a sentence for a person; never a secret, an address or a message text."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False


class InvalidInput(SwitchboardError):
    code, status = "invalid_input", 422


class Malformed(InvalidInput):
    """Not even in the agreed format, so nothing in it is believed."""

    code, status = "malformed", 400


class TooLarge(InvalidInput):
    code, status = "too_large", 413


class NotEnough(InvalidInput):
    """Too little is known to answer: `what` is counted, `have` there are, `need` there must be."""

    code, status = "not_enough", 422

    def __init__(self, what: str, have: int, need: int) -> None:
        super().__init__(f"There is too little to learn from: {have} {what.replace('_', ' ')}, and {need} are needed.")
        self.what, self.have, self.need = what, have, need


class NotFound(SwitchboardError):
    code, status = "not_found", 404


class Forbidden(SwitchboardError):
    code, status = "forbidden", 403


class Conflict(SwitchboardError):
    code, status = "conflict", 409


class IllegalTransition(Conflict):
    code = "illegal_transition"


class AlreadyTaken(Conflict):
    code = "already_taken"


class AlreadySent(Conflict):
    """Too late to take it back."""

    code = "already_sent"


class AgentAway(Conflict):
    """Whom something was to be given is not at their desk."""

    code = "agent_away"


class Unauthenticated(SwitchboardError):
    code, status = "unauthenticated", 401


class RateLimited(SwitchboardError):
    code, status = "rate_limited", 429


class SetupRequired(SwitchboardError):
    code, status = "setup_required", 503


class Unavailable(SwitchboardError):
    """What we store in cannot be reached just now; the same request may succeed later."""

    code, status, retryable = "unavailable", 503, True


class ErpError(SwitchboardError):
    code, status = "erp_error", 502


class ErpUnavailable(ErpError):
    code, status, retryable = "erp_unavailable", 503, True


class ErpTimeout(ErpUnavailable):
    code, status = "erp_timeout", 504


class ErpRateLimited(ErpUnavailable):
    code = "erp_rate_limited"


class ErpAuth(ErpError):
    code = "erp_auth"


class ErpForbidden(ErpError):
    code = "erp_forbidden"


class ErpBadRequest(ErpError):
    code = "erp_bad_request"


class ErpContract(ErpError):
    """The ERP answered something the connector does not understand."""

    code = "erp_contract"


class ErpInDoubt(ErpError):
    """A write that may have happened: only a person who looks into the ERP may have it done again."""

    code = "erp_in_doubt"


class ErpNotSupported(ErpError):
    code, status = "erp_not_supported", 501
