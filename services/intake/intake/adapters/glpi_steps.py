"""How GLPI is connected."""

from __future__ import annotations

from intake.adapters.port import Step

STEPS = (
    Step(
        do="Setup, Webhooks, Add. Make three of them, for the item type Ticket and one each for the events New, Update "
        "and Delete, in the root entity and recursive. Method: POST. Target URL:",
        paste="{url}",
    ),
    Step(
        do="Security, of each: replace the secret that GLPI made by this one. The challenge (CRA) may be switched on.",
        paste="{secret}",
    ),
    Step(do="Payload editor, of each: leave the default payload on."),
    Step(
        do="Custom headers, of each, so that a webhook that sends something else is known by its name: X-Webhook-Name, "
        "with the name of the webhook."
    ),
    Step(
        do="Set no filter by category: a ticket that leaves the project flow must be told of as well. The tickets of "
        "this category are handed over:",
        paste="{flow}",
    ),
    Step(do="Setup, Automatic actions: see that queuedwebhook runs, by the system's cron and every minute."),
    Step(
        do="For the requesters' addresses and the way back: Setup, General, API, enable the API; Setup, OAuth Clients, "
        "Add, with the grant Password and the scope api. A user of its own may see all tickets and users, and update "
        "tickets and add follow-ups. api.url is GLPI's own address, api.user and api.token are the user's login and "
        "password, and api.options has client_id and client_secret of the client:",
        paste='options = { client_id = "…", client_secret = "env:GLPI_CLIENT_SECRET" }',
    ),
    Step(
        do="In the partnership's file, states are told by GLPI's numbers:",
        paste='states = { project = "2", completed = "5" }',
    ),
    Step(
        do="Of a GLPI 10 or older, which has no webhooks: Setup, General, API, enable the legacy REST API and add an "
        "API client; api.token is the user's API token, and the desk's timezone is GLPI's own:",
        paste='options = { api = "legacy", app_token = "env:GLPI_APP_TOKEN" }',
    ),
)
