"""What an article costs, and whether it is in stock; open to everybody."""

from collections.abc import Iterator

from bot.dialogue.context import Context
from bot.dialogue.moments import money
from bot.dialogue.questions import answer_from_knowledge
from crm_core.erp.port import Product

FEW = 5
UNNAMED, MISSING, DONE = "unnamed", "missing", "done"
STOCK_WISH, PRICE_WISH = "product_availability", "product_price"


async def tell_product(context: Context) -> str:
    """Price and stock of the article in the slot, then what the knowledge base says to the rest of the question.

    Which article is asked for where none is named and no passage answers; what one costs, no passage can.
    """
    intent, named = context.said.nlu.intent, context.memory.slots.pop("product", None)
    if named is None:
        return DONE if intent != PRICE_WISH and answer_from_knowledge(context, intent, passing=True) else UNNAMED
    product = await context.services.erp.get_product(named)
    if product is None:
        context.say("product_missing")
        return MISSING
    context.memory.found = list(_sentences(context, product))
    context.say("joined", text=" ".join(context.memory.found))
    if intent != STOCK_WISH and context.services.replies.has(f"topic_{intent}"):
        answer_from_knowledge(context, intent, passing=True)
    context.offer("talk_to_person")
    return DONE


def _sentences(context: Context, product: Product) -> Iterator[str]:
    name = product.name_in(context.language)
    if product.price is None:
        yield context.text("product_no_price", name=name)
    else:
        yield context.text("product_price", name=name, price=money(product.price, context.language))
    stock = _stock(context, product)
    if stock is not None:
        yield stock


def _stock(context: Context, product: Product) -> str | None:
    """A service has no stock: that it is not known is said only to those who asked for it."""
    available = product.available
    if available is None:
        return context.text("product_stock_unknown") if context.said.nlu.intent == STOCK_WISH else None
    if available <= 0:
        return context.text("product_sold_out")
    if available > FEW:
        return context.text("product_in_stock")
    return context.text("product_few", count=int(available))
