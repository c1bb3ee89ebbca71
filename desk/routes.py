"""The desk, put together."""

from fastapi import APIRouter

from desk.account import account_routes
from desk.action_routes import action_routes
from desk.audit_page import audit_routes
from desk.campaigns_page import campaign_routes
from desk.connections_page import connection_routes
from desk.contact_routes import contact_routes
from desk.customers_page import customers_routes
from desk.entry import entry_routes
from desk.first_day_page import first_day_routes
from desk.keys_page import keys_routes
from desk.leads_page import lead_routes
from desk.lesson_making_page import lesson_making_routes
from desk.letters import letter_routes
from desk.page_routes import page_routes
from desk.pages import Pages
from desk.password_page import password_routes
from desk.people_page import people_routes
from desk.planning_page import planning_routes
from desk.practice_deeds import practice_deed_routes
from desk.practice_page import practice_routes
from desk.practice_parts import practice_part_routes
from desk.provider_page import provider_routes
from desk.quality_page import quality_routes
from desk.reports_page import reports_routes
from desk.retention_page import retention_routes
from desk.review_page import review_routes
from desk.roster_page import roster_routes
from desk.search_page import search_routes
from desk.second_factor_page import second_factor_routes
from desk.second_step_page import second_step_routes
from desk.sections import area_routes
from desk.services import Desk, DeskServices, ReportPorts
from desk.settings_page import settings_routes
from desk.setup_page import setup_routes
from desk.sign_in_page import sign_in_routes
from desk.socket import socket_routes
from desk.steps_page import steps_routes
from desk.training_page import training_routes
from desk.trouble_page import trouble_routes
from desk.uploads import upload_routes
from desk.wallboard_page import wallboard_routes
from desk.webhooks_page import webhooks_routes
from desk.words import read_catalogues
from desk.writing_routes import writing_routes

__all__ = ["DeskServices", "ReportPorts", "desk_router"]


def desk_router(services: DeskServices) -> APIRouter:
    """Every route under /desk. Raises CatalogueError when the languages do not say the same."""
    business = services.business
    pages = Pages(lambda: business.company.name)
    desk = Desk(services, pages, read_catalogues(country=business.company.country))
    parts = (
        practice_deed_routes, practice_part_routes,  # before the conversations, in whose place they stand
        practice_routes, training_routes, lesson_making_routes, first_day_routes,
        entry_routes, action_routes, contact_routes, account_routes, review_routes, trouble_routes, search_routes,
        quality_routes, audit_routes, people_routes, password_routes, reports_routes, wallboard_routes, socket_routes,
        upload_routes, keys_routes, webhooks_routes, second_factor_routes, second_step_routes, sign_in_routes,
        letter_routes, writing_routes, provider_routes, settings_routes, retention_routes, connection_routes,
        setup_routes, campaign_routes, customers_routes, lead_routes, planning_routes, roster_routes, steps_routes,
        area_routes, page_routes,
    )  # fmt: skip
    # one flat list: a router included in another is built a second time, and looked through for every request
    return APIRouter(routes=[route for routes in parts for route in routes(desk).routes])
