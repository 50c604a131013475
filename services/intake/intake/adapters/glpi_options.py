"""What GLPI has to be told besides."""

from __future__ import annotations

from chassis.i18n import N_
from chassis.oauth import CLIENT_ID
from chassis.options import Option, flow_field

LEGACY = "legacy"
FLOW_FIELD = flow_field(
    "category",
    {"category": N_("Category"), "entity": N_("Entity"), "location": N_("Location"), "type": N_("Type")},
)
API = Option(
    name="api",
    label=N_("Which API is asked"),
    hint=N_("GLPI 10 and before have the older one alone. They tell of nothing by themselves, and are asked."),
    usual="high-level",
    choices={"high-level": N_("that of GLPI 11 and later"), LEGACY: N_("the older one (apirest.php)")},
)
CLIENT_SECRET = Option(
    name="client_secret",
    label=N_("The application's secret"),
    hint=N_("Of the OAuth client, for the API of GLPI 11 and later."),
    kind="secret",
)
APP_TOKEN = Option(
    name="app_token",
    label=N_("Token of the API client"),
    hint=N_("For the older API, if its client in GLPI has one (App-Token)."),
    kind="secret",
)
OPTIONS = (FLOW_FIELD, API, CLIENT_ID, CLIENT_SECRET, APP_TOKEN)
