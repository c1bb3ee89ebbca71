"""The names of the catalogue's products, so that the NLU knows them when customers say them."""

import structlog

from crm_core.erp.port import Erp
from crm_core.errors import ErpError
from nlu.products import ProductNames

log = structlog.get_logger(__name__)


async def read_product_names(erp: Erp) -> ProductNames:
    """None at all when the ERP does not answer: the bot starts without them."""
    try:
        products = await erp.list_products()
    except ErpError as error:
        log.warning("nlu.products.unread", error=type(error).__name__)
        return ProductNames.none()
    return ProductNames.of((product.sku, {"en": product.name, **product.names}) for product in products)
