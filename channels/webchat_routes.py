"""Every route of web chat: under `/chat` and `/files`."""

from fastapi import APIRouter

from channels.webchat_api import form_routes, message_routes, visitor_routes
from channels.webchat_edge import ChatEdge
from channels.webchat_files import file_routes
from channels.webchat_page import page_routes, socket_routes
from channels.webchat_types import ChatPorts, ChatSettings


def webchat_routes(ports: ChatPorts, settings: ChatSettings) -> APIRouter:
    """Made once a process: the limits on visitors live in it."""
    edge = ChatEdge(ports, settings)
    parts = (page_routes, socket_routes, visitor_routes, message_routes, form_routes, file_routes)
    return APIRouter(routes=[route for part in parts for route in part(edge).routes])
