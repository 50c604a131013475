"""How a mailbox is connected."""

from __future__ import annotations

from chassis.i18n import N_
from intake.adapters.port import Step

STEPS = (
    Step(
        do=N_(
            "Make a mailbox of its own for the project flow; whatever comes into it is handed over. Mails are only "
            "fetched from it: nothing has to be sent to {url}, and the desk's secret is never used."
        )
    ),
    Step(
        do=N_(
            "Give Flöde an account that reads the mailbox over IMAP and sends from it over SMTP, by user and "
            "password. {api_url}: like imaps://imap.example.org:993; {option_smtp}: like "
            "smtp://smtp.example.org:587. Both hosts must be among the municipality's hosts, and the user and the "
            "password are {api_user} and {api_token}."
        ),
    ),
    Step(
        do=N_(
            "For Exchange Online, which takes no passwords: register an application in Entra ID with the "
            "application permissions IMAP.AccessAsApp and SMTP.SendAsApp of Office 365 Exchange Online, grant "
            "them, make its service principal known in Exchange and give that full access to this mailbox alone. "
            "{api_url}: imaps://outlook.office365.com:993; {api_user}: the mailbox's address; {api_token}: the "
            "application's client secret; {option_smtp}: smtp://smtp.office365.com:587; {option_client_id}: the "
            "application's id; {option_token_url} and {option_scope} as below. login.microsoftonline.com, "
            "outlook.office365.com and smtp.office365.com must be among the municipality's hosts."
        ),
        paste="https://login.microsoftonline.com/TENANT/oauth2/v2.0/token\nhttps://outlook.office365.com/.default",
    ),
    Step(
        do=N_(
            "If they are not to be called INBOX and Processed, say which folders mails come into and are moved to "
            "once they are taken: {option_folder} and {option_processed}. Leave the moved ones there: answers are "
            "written to those who sent them."
        )
    ),
)
