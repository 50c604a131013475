"""What may be asked of governance. A command finds its subject, says who may, asks the domain, appends its answer."""
