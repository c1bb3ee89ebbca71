"""Inboxes follow the file: added, changed, switched off, switched on again, never deleted."""

from crm_core import models
from crm_core.settings_sync import ConfiguredInbox, sync_inboxes
from tests.support.factories import Centre

WEB = ConfiguredInbox("web", "webchat", "Shop chat", pulled=True)
FAX = ConfiguredInbox("fax", "fax", "Fax", pulled=False)


async def synced(centre: Centre, *inboxes: ConfiguredInbox) -> dict[str, tuple[str, bool, bool]]:
    async with centre.work() as session:
        await sync_inboxes(session, inboxes)
    return {row.key: (row.name, row.pulled, row.active) for row in await centre.rows(models.Inbox)}


async def test_the_table_says_what_the_file_says(centre: Centre) -> None:
    assert await synced(centre, WEB, FAX) == {
        "web": ("Shop chat", True, True), "fax": ("Fax", False, True), "mail": ("Mail", False, False),
    }  # fmt: skip
    (web,) = [row for row in await centre.rows(models.Inbox) if row.key == "web"]
    assert web.id == centre.inboxes["web"]


async def test_what_comes_back_is_switched_on_again(centre: Centre) -> None:
    await synced(centre, FAX)
    assert (await synced(centre, WEB, FAX))["web"] == ("Shop chat", True, True)


async def test_an_empty_file_switches_everything_off(centre: Centre) -> None:
    assert {active for _, _, active in (await synced(centre)).values()} == {False}
