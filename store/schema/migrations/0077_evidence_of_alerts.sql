-- Alerts carry their evidence in energy: what was expected with its range, used, in excess, similar
-- days and the likelier cause. It is stored with what was known then, so that it can be shown again.
alter table contacts.alert
    add column known_until     timestamptz,
    add column evidence        jsonb,
    add column evidence_due_at timestamptz;
comment on column contacts.alert.known_until is
    'Until when data of the meter were known to the newest of its signals; null = from before.';
comment on column contacts.alert.evidence is
    'Figures in energy and money, similar days, likelier cause (customer_context/metering/evidence.py), with the version of the method and until when data were known; null = none yet.';
comment on column contacts.alert.evidence_due_at is
    'When the evidence is to be computed; null = not again.';
create index alert_evidence_due on contacts.alert (evidence_due_at)
    where evidence_due_at is not null;
-- What is open gets its evidence; what people have finished stays as they saw it.
update contacts.alert set evidence_due_at = detected_at
    where not retracted and state <> 'resolved';
grant select on shown.meter_interval to tachowatt_contacts;
