"""From a ticket to a request that is a project, or is not."""
