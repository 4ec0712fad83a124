"""Resources that several routes and pages share: scores, alerts, context, subjects."""
