"""How Jira Service Management is connected."""

from __future__ import annotations

from chassis.i18n import N_
from intake.adapters.port import Step

STEPS = (
    Step(
        do=N_("Settings (the cog wheel), System, WebHooks, Create a WebHook. Name: Flöde. Status: enabled. URL:"),
        paste="{url}",
    ),
    Step(do=N_("Secret:"), paste="{secret}"),
    Step(
        do=N_(
            "Leave the JQL empty, so that an issue that leaves the project is told of too. Events: Issue created, "
            "updated and deleted; Comment created. Leave “Exclude body” off, and create it."
        )
    ),
    Step(
        do=N_(
            "The flow is the issue's project, by name or key. If something else tells it, say so: "
            "{option_flow_field}. {flows}:"
        ),
        paste="{flow}",
    ),
    Step(
        do=N_(
            "For the way back on Cloud: a user of its own with the role Service Desk Team in the project, and an "
            "API token of theirs (id.atlassian.com, Security, API tokens). {api_user}: its address; {api_token}: "
            "the token; {api_url}: the site (https://….atlassian.net)."
        )
    ),
    Step(
        do=N_(
            "For the way back in a Data Center (8.14 or later): the same user's personal access token (Profile, "
            "Personal Access Tokens) is {api_token}. Leave {api_user} empty."
        )
    ),
    Step(do=N_("System, Issue linking (Data Center): on, so that the issue can show where its request is found.")),
)
