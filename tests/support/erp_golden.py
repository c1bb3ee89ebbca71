"""The golden scenario that every ERP is filled with, for the embedded one: two customers, six orders, two articles."""

from sqlalchemy import text

from crm_core.db import Sessions, unit_of_work

_ROWS = (
    """insert into erp_customer (number, name) values ('C-1', 'Ada Lovelace'), ('C-2', 'Иван Петров')""",
    """insert into erp_customer_contact (customer_number, kind, value, key) values
       ('C-1', 'email', 'ada@example.com', 'ada@example.com'), ('C-1', 'phone', '+34915550101', '915550101'),
       ('C-2', 'email', 'ivan@example.com', 'ivan@example.com'), ('C-2', 'phone', '+74955550102', '955550102')""",
    """insert into erp_product (sku, name, price, currency, available) values
       ('RT-100', 'Wi-Fi router', 120, 'EUR', 5), ('CB-3', 'Cable 3 m', 7.50, 'EUR', 81)""",
    """insert into erp_order (number, customer_number, customer_ref, stage, ordered_on, currency, total) values
       ('S-1', 'C-1', 'WEB-1', 'draft', '2026-11-01', 'EUR', 120),
       ('S-2', 'C-1', 'WEB-2', 'open', '2026-11-02', 'EUR', 315),
       ('S-3', 'C-1', 'WEB-3', 'open', '2026-11-03', 'EUR', 397.50),
       ('S-4', 'C-2', 'WEB-4', 'open', '2026-11-04', 'EUR', 30),
       ('S-5', 'C-2', 'WEB-5', 'cancelled', '2026-11-05', 'EUR', 120),
       ('S-6', 'C-2', 'WEB-6', 'on_hold', '2026-11-06', 'EUR', 120)""",
    """insert into erp_order_line (order_number, position, sku, description, ordered, shipped, returned) values
       ('S-1', 1, 'RT-100', 'Wi-Fi router', 1, 0, 0), ('S-2', 1, 'RT-100', 'Wi-Fi router', 2, 0, 0),
       ('S-2', 2, 'CB-3', 'Cable 3 m', 10, 0, 0), ('S-3', 1, 'RT-100', 'Wi-Fi router', 3, 1, 0),
       ('S-3', 2, 'CB-3', 'Cable 3 m', 5, 5, 0), ('S-4', 1, 'CB-3', 'Cable 3 m', 4, 4, 1),
       ('S-5', 1, 'RT-100', 'Wi-Fi router', 1, 0, 0), ('S-6', 1, 'RT-100', 'Wi-Fi router', 1, 0, 0)""",
    """insert into erp_shipment (number, order_number, status, shipped_on, carrier, tracking) values
       ('P-3', 'S-3', 'shipped', '2026-11-10', 'Postal Service', 'TRACK-PART-1'),
       ('P-4', 'S-4', 'shipped', '2026-11-10', 'Postal Service', 'TRACK-DONE-1')""",
    """insert into erp_invoice (number, order_number, total, open_amount, currency) values
       ('I-3', 'S-3', 397.50, 397.50, 'EUR'), ('I-4', 'S-4', 30, 0, 'EUR')""",
)


async def fill_golden(sessions: Sessions) -> None:
    async with unit_of_work(sessions) as session:
        for statement in _ROWS:
            await session.execute(text(statement))
