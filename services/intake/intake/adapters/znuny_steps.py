"""How Znuny is connected: one web service, for what it sends and for what it is asked."""

from __future__ import annotations

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
        do="Tickets go to this address. HOST is its beginning, up to the host; PATH is the rest, from /intake on:",
        paste="{url}",
    ),
    Step(do="Save this as Flode.yml, with HOST and PATH put in:", paste=web_service()),
    Step(do="Admin, Web Services, Add Web Service, Import Web Service: Flode.yml. The web service is called Flode."),
    Step(
        do="Admin, System Configuration, GenericInterface::Invoker::Ticket::Generic::PrepareRequest::OmittedFields: "
        "add the key FlodeTicket with this value, so that no attachments are sent along:",
        paste="Article->Attachment;Articles->Attachment",
    ),
    Step(
        do="The tickets of this queue are handed over. Put the desk's timezone in the partnership's file to what "
        "OTRSTimeZone says, if that is not UTC:",
        paste="{flow}",
    ),
    Step(
        do="For the way back: an agent of its own with the permissions ro, note and rw in the queues of the tickets; "
        "api.user is its login, api.token its password, and api.url the address of the web service:",
        paste="https://HOST-OF-ZNUNY/znuny/nph-genericinterface.pl/Webservice/Flode",
    ),
    Step(
        do="If you want to see the request's id in the ticket at once: Admin, Dynamic Fields, Ticket, Text. Name:",
        paste="FlodeRequest",
    ),
    Step(do="See that the daemon runs (bin/otrs.Daemon.pl status), and that REST::Client is installed for Perl."),
)
