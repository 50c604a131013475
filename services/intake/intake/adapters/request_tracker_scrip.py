"""The scrip that Request Tracker runs at each change: Perl, to be pasted into "Custom action commit code".

It signs as Standard Webhooks asks, waits five seconds at the most, and never fails the change that it tells of.
"""

from __future__ import annotations

SCRIP = r"""
my ($address, $secret, $flow_field) = ('{url}', '{secret}', '');
my ($ticket, $change) = ($self->TicketObj, $self->TransactionObj);
return 1 if $change->Type =~ /EmailRecord$/;

require Digest::SHA;
require Encode;
require JSON;
require LWP::UserAgent;
require MIME::Base64;

# A merged ticket is loaded as the surviving one; only the change still names it.
my $merged = $change->ObjectId != $ticket->id;
my $moment = sub { $_[0]->W3CDTF(Timezone => 'UTC') };
my $said = {
    ticket_id      => int($change->ObjectId),
    effective_id   => int($ticket->id),
    transaction_id => int($change->id),
    updated        => $moment->($change->CreatedObj),
};
unless ($merged) {
    my $who   = $ticket->Requestor->UserMembersObj->First;
    my $first = RT::Transactions->new(RT->SystemUser);
    $first->Limit(FIELD => 'ObjectType', VALUE => 'RT::Ticket');
    $first->Limit(FIELD => 'ObjectId', VALUE => $ticket->id);
    $first->Limit(FIELD => 'Type', VALUE => 'Create');
    my $opening = $first->First;
    my $part    = $opening && $opening->ContentObj;
    my $text    = $part ? $part->Content : '';
    $said = {
        %$said,
        queue        => $ticket->QueueObj->Name,
        flow         => $flow_field ? $ticket->FirstCustomFieldValue($flow_field) : undef,
        subject      => $ticket->Subject,
        status       => $ticket->Status,
        priority     => int($ticket->Priority || 0),
        created      => $moment->($ticket->CreatedObj),
        requestor    => $who && {
            name         => $who->RealName || $who->Name,
            email        => $who->EmailAddress,
            organization => $who->Organization,
        },
        content      => length($text) <= 8000 ? $text : undef,    # a longer one is asked for
        content_type => $part ? $part->ContentType : 'text/plain',
    };
}
my $type = $merged ? 'merged' : $change->Type eq 'Create' ? 'created' : 'changed';
# Signed are bytes, so the text is encoded before and not after.
my $body = JSON->new->utf8->canonical->encode({
    type => "ticket.$type", timestamp => $said->{updated}, data => $said,
});
my $number = 'rt-' . RT->Config->Get('Organization') . '-txn-' . $change->id;
my $time   = time;
(my $key = $secret) =~ s/^whsec_//;
my $sign = MIME::Base64::encode_base64(
    Digest::SHA::hmac_sha256("$number.$time.$body", MIME::Base64::decode_base64($key)), '');
my $answer = LWP::UserAgent->new(timeout => 5, agent => "Request-Tracker/$RT::VERSION")->post(
    $address,
    'Content-Type'      => 'application/json',
    'Webhook-Id'        => $number,
    'Webhook-Timestamp' => $time,
    'Webhook-Signature' => "v1,$sign",
    'X-RT-Scrip'        => Encode::encode('UTF-8', $self->ScripObj->Description),
    Content             => $body,
);
RT->Logger->error('The project flow was not told of ticket ' . $ticket->id . ': ' . $answer->status_line)
    unless $answer->is_success;
return 1;
""".strip()
