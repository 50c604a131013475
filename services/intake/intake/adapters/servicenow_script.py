"""The business rule that sends a record of ServiceNow to us, for its administrator to paste."""

SCRIPT = r"""(function executeRule(current, previous) {
  var URL = '{url}';
  // The fields that may tell the project flow.
  var FIELDS = ['category', 'subcategory', 'assignment_group', 'contact_type', 'u_flow'];

  function value(name) { return current.isValidField(name) ? String(current.getValue(name) || '') : ''; }
  function display(name) { return current.isValidField(name) ? String(current[name].getDisplayValue() || '') : ''; }
  function both(name) { return { value: value(name), display: display(name) }; }

  var asks = ['caller_id', 'requested_for', 'opened_by'].filter(function (name) { return value(name); })[0];
  var who = asks ? current[asks].getRefRecord() : null;
  var fields = {};
  FIELDS.forEach(function (name) { if (current.isValidField(name)) { fields[name] = both(name); } });

  var said = {
    table: String(current.getTableName()),
    sys_id: String(current.getUniqueValue()),
    sys_mod_count: value('sys_mod_count'),
    sys_updated_on: value('sys_updated_on'),
    operation: String(current.operation()),
    number: value('number'),
    short_description: value('short_description'),
    description: value('description'),
    caller: who ? { name: String(who.getDisplayValue() || ''), email: String(who.getValue('email') || ''),
                    department: String(who.department.getDisplayValue() || '') } : null,
    company: display('company'),
    opened_at: value('opened_at'),
    priority: value('priority'),
    state: both('state'),
    active: value('active') === '1' || value('active') === 'true',
    fields: fields
  };

  // In ASCII, the bytes that are signed are those that are sent, whatever they are written in on the way.
  var body = JSON.stringify(said).replace(/[\u007f-\uffff]/g, function (letter) {
    return '\\u' + ('000' + letter.charCodeAt(0).toString(16)).slice(-4);
  });
  var id = [said.sys_id, said.sys_mod_count, said.operation].join('-');
  var now = String(Math.floor(new Date().getTime() / 1000));
  var key = gs.getProperty('flode.secret').replace(/^whsec_/, '');
  var mac = new GlideCertificateEncryption().generateMac(key, 'HmacSHA256', [id, now, body].join('.'));

  var message = new sn_ws.RESTMessageV2();
  message.setHttpMethod('post');
  message.setEndpoint(URL);
  message.setRequestHeader('Content-Type', 'application/json');
  message.setRequestHeader('webhook-id', id);
  message.setRequestHeader('webhook-timestamp', now);
  message.setRequestHeader('webhook-signature', 'v1,' + mac);
  message.setRequestBody(body);
  message.executeAsync();
})(current, previous);"""
