"""How Znuny is connected: one web service, for what it sends and for what it is asked."""

from __future__ import annotations

from chassis.i18n import N_
from intake.adapters.port import Step

EVENTS = (
    "TicketCreate",
    "ArticleCreate",
    "TicketTitleUpdate",
    "TicketStateUpdate",
    "TicketQueueUpdate",
    "TicketPriorityUpdate",
    "TicketCustomerUpdate",
    "TicketMerge",
    "TicketDelete",
)
"""Not the updates of dynamic fields: setting ours from our answer would send the ticket once more."""

OPERATIONS = {
    "TicketSearch": ("POST", "/Ticket/Search"),
    "TicketGet": ("POST", "/Ticket/Get"),
    "TicketHistoryGet": ("POST", "/Ticket/History"),
    "TicketUpdate": ("PATCH", "/Ticket/:TicketID"),
}


def web_service() -> str:
    """The file of the web service, as Znuny exports and imports one."""
    events = "".join(f"      - Asynchronous: '1'\n        Event: {event}\n" for event in EVENTS)
    operations = "".join(
        f"    {name}:\n      Description: ''\n      MappingInbound: {{}}\n      MappingOutbound: {{}}\n"
        f"      Type: Ticket::{name}\n"
        for name in OPERATIONS
    )
    routes = "".join(
        f"        {name}:\n          RequestMethod:\n          - {method}\n          Route: {route}\n"
        for name, (method, route) in OPERATIONS.items()
    )
    return f"""---
Debugger:
  DebugThreshold: error
  TestMode: '0'
Description: Tickets for Flöde
Provider:
  Operation:
{operations}  Transport:
    Config:
      KeepAlive: ''
      MaxLength: '1000000'
      RouteOperationMapping:
{routes}    Type: HTTP::REST
RemoteSystem: ''
Requester:
  Invoker:
    FlodeTicket:
      Description: ''
      Events:
{events}      Type: Ticket::Generic
  Transport:
    Config:
      Authentication:
        AuthType: BasicAuth
        BasicAuthPassword: '{{secret}}'
        BasicAuthUser: flode
      DefaultCommand: POST
      Host: 'HOST'
      InvokerControllerMapping:
        FlodeTicket:
          Command: POST
          Controller: 'PATH'
      Timeout: '30'
    Type: HTTP::REST
"""


STEPS = (
    Step(
        do=N_("Tickets go to this address. HOST is its beginning, up to the host; PATH is the rest, from /intake on:"),
        paste="{url}",
    ),
    Step(do=N_("Save this as Flode.yml, with HOST and PATH put in:"), paste=web_service()),
    Step(
        do=N_("Admin, Web Services, Add Web Service, Import Web Service: Flode.yml. The web service is called Flode.")
    ),
    Step(
        do=N_(
            "Admin, System Configuration, GenericInterface::Invoker::Ticket::Generic::PrepareRequest::OmittedFields: "
            "add the key FlodeTicket with this value, so that no attachments are sent along:"
        ),
        paste="Article->Attachment;Articles->Attachment",
    ),
    Step(
        do=N_(
            "The tickets of this queue are handed over. {timezone}: what OTRSTimeZone says, if that is not UTC. "
            "The queue:"
        ),
        paste="{flow}",
    ),
    Step(
        do=N_(
            "For the way back: an agent of its own with the permissions ro, note and rw in the queues of the "
            "tickets; {api_user} and {api_token}: its login and password; {api_url}: that of the web service:"
        ),
        paste="https://HOST-OF-ZNUNY/znuny/nph-genericinterface.pl/Webservice/Flode",
    ),
    Step(
        do=N_("If you want to see the request's id in the ticket at once: Admin, Dynamic Fields, Ticket, Text. Name:"),
        paste="FlodeRequest",
    ),
    Step(do=N_("See that the daemon runs (bin/otrs.Daemon.pl status), and that REST::Client is installed for Perl.")),
)
