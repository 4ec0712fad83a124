-- What a consent record says of the controller (ISO/IEC TS 27560): a supervisor asks for it.
alter table customers.tenant
    add column postal_address   text,
    add column contact          text,
    add column privacy_url      text,
    add column storage_location text,
    add column jurisdiction     text;
comment on column customers.tenant.postal_address is
    'Address of the company, as consent records give it; null = not known.';
comment on column customers.tenant.contact is
    'Where its data-protection officer is reached: e-mail or phone; null = not known.';
comment on column customers.tenant.privacy_url is 'Where its privacy notice is; null = not known.';
comment on column customers.tenant.storage_location is
    'Where personal data are stored, such as Frankfurt, Germany; null = not known.';
comment on column customers.tenant.jurisdiction is
    'Country whose law applies, as ISO 3166-1 alpha-2; null = not known.';
