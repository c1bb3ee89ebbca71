"""The bot learns the products' names from the ERP, and starts without them when it is down."""

from bot.product_names import read_product_names
from crm_core.db import Sessions, unit_of_work
from crm_core.erp.sample import load_sample
from crm_core.erp.sql import SqlErp
from crm_core.errors import ErpUnavailable
from nlu.products import ProductNames
from tests.conftest import NOW
from tests.support.erp import ScriptedErp


async def test_every_product_of_the_erp_is_known_by_its_names(sessions: Sessions) -> None:
    async with unit_of_work(sessions) as session:
        await load_sample(session, NOW.date())
    erp = SqlErp(sessions)
    products = await erp.list_products()
    names = await read_product_names(erp)
    assert len(products) > 1
    found = [next(names.found(product.name, "en"), None) for product in products]
    assert [entity.value for entity in found if entity] == [product.sku for product in products]


async def test_a_silent_erp_leaves_the_bot_without_names() -> None:
    class SilentErp(ScriptedErp):
        async def list_products(self, *, limit: int = 5_000) -> tuple[()]:
            raise ErpUnavailable

    assert await read_product_names(SilentErp()) == ProductNames.none()
