"""How GLPI is connected."""

from __future__ import annotations

from chassis.i18n import N_
from intake.adapters.port import Step

STEPS = (
    Step(
        do=N_(
            "Setup, Webhooks, Add. Make three of them, for the item type Ticket and one each for the events New, "
            "Update and Delete, in the root entity and recursive. Method: POST. Target URL:"
        ),
        paste="{url}",
    ),
    Step(
        do=N_(
            "Security, of each: replace the secret that GLPI made by this one. The challenge (CRA) may be switched on."
        ),
        paste="{secret}",
    ),
    Step(do=N_("Payload editor, of each: leave the default payload on.")),
    Step(
        do=N_(
            "Custom headers, of each, so that a webhook that sends something else is known by its name: "
            "X-Webhook-Name, with the name of the webhook."
        )
    ),
    Step(
        do=N_(
            "Set no filter by category: a ticket that leaves the project flow must be told of as well. The tickets of "
            "this category are handed over:"
        ),
        paste="{flow}",
    ),
    Step(do=N_("Setup, Automatic actions: see that queuedwebhook runs, by the system's cron and every minute.")),
    Step(
        do=N_(
            "For the requesters' addresses and the way back: Setup, General, API, enable the API; Setup, OAuth "
            "Clients, Add, with the grant Password and the scope api. A user of its own may see all tickets and "
            "users, and update tickets and add follow-ups. {api_url}: GLPI's own; {api_user} and {api_token}: the "
            "user's login and password; {option_client_id} and {option_client_secret}: those of the client."
        ),
    ),
    Step(
        do=N_("{states}: by GLPI's numbers, such as 2 for what is a project and 5 for what is completed."),
    ),
    Step(
        do=N_(
            "Of a GLPI 10 or older, which has no webhooks: Setup, General, API, enable the legacy REST API and "
            "add an API client. {api_token}: the user's API token; {timezone}: GLPI's own; {option_api}: the "
            "older one; {option_app_token}: that of the API client."
        ),
    ),
)
