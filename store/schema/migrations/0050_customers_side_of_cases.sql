-- The customer's side of cases (docs/adr/0059): links that open one matter, files of its steps, and
-- the notices of milestones.
create table contacts.case_link (
    link_id    text primary key check (link_id ~ '^[0-9a-f]{32}$'),
    tenant     text not null references customers.tenant,
    case_id    text not null references contacts.service_case on delete cascade,
    customer   text not null,
    made_at    timestamptz not null,
    made_by    text not null,
    expires_at timestamptz not null,
    opened_at  timestamptz,
    revoked_at timestamptz,
    revoked_by text
);
comment on table contacts.case_link is
    'Links that open one case for its customer. The secret of a link is a MAC over the row with the '
    'key of secrets: it is stored nowhere.';
comment on column contacts.case_link.link_id is 'Random; it stands in the address.';
comment on column contacts.case_link.customer is 'Who acts by it.';
comment on column contacts.case_link.made_by is 'A person or key; tachowatt for one in a message.';
comment on column contacts.case_link.opened_at is 'When it was first opened.';
comment on column contacts.case_link.revoked_at is 'Since when it opens nothing.';
create index case_link_of_case on contacts.case_link (case_id, made_at);

create table contacts.case_file (
    file_id    text primary key check (file_id ~ '^[0-9a-f]{32}$'),
    tenant     text not null references customers.tenant,
    case_id    text not null references contacts.service_case on delete cascade,
    customer   text,
    step       text not null,
    document   text not null,
    author     text not null,
    added_at   timestamptz not null,
    media_type text not null check (media_type in ('image/jpeg', 'image/png', 'application/pdf')),
    size_bytes integer not null check (size_bytes between 1 and 8388608),
    digest     bytea not null check (length(digest) = 32),
    key        text not null check (starts_with(key, 'sealed1:')),
    content    bytea not null check (length(content) between 1 and 8388700),
    position   text check (starts_with(position, 'sealed1:')),
    unique (case_id, step, digest)
);
comment on table contacts.case_file is
    'Photos and documents of the steps of cases, each encrypted with a key of its own: the end of the '
    'row is the end of the key.';
comment on column contacts.case_file.document is 'Id of the required document in the case type.';
comment on column contacts.case_file.author is 'customer:<id>, or who added it.';
comment on column contacts.case_file.digest is 'SHA-256 of the clear content as it is handed out.';
comment on column contacts.case_file.key is
    'Key of the content (base64), sealed and bound to contacts.case_file.key:<file_id>.';
comment on column contacts.case_file.content is 'Nonce, ciphertext and tag (AES-256-GCM).';
comment on column contacts.case_file.position is
    'Where the photo was taken, if the customer agreed: JSON, sealed and bound to '
    'contacts.case_file.position:<file_id>.';
create index case_file_of_case on contacts.case_file (case_id, added_at);

create table contacts.case_notice (
    case_id text not null references contacts.service_case on delete cascade,
    item    text not null,
    times   integer not null,
    kind    text not null check (kind in ('milestone', 'reminder', 'link')),
    name    text not null default '',
    tenant  text not null references customers.tenant,
    due_at  timestamptz not null,
    done_at timestamptz,
    channel text,
    reason  text not null default '',
    primary key (case_id, item, times, kind, name)
);
comment on table contacts.case_notice is
    'What a customer is to be notified of: a milestone that was reached, a step that waits for them, '
    'a link that somebody asked for. '
    'Written with the event of the case; one contact is made of each.';
comment on column contacts.case_notice.item is 'The milestone or step; empty for a link.';
comment on column contacts.case_notice.times is 'Its instance, 1 = the first.';
comment on column contacts.case_notice.name is 'Of a reminder: the deadline that asks for it; of a link: the request.';
comment on column contacts.case_notice.done_at is 'When it was decided; null = it waits.';
comment on column contacts.case_notice.channel is 'The channel that was chosen; null = none could be.';
comment on column contacts.case_notice.reason is 'Why no channel, or not the first one, was chosen.';
create index case_notice_due on contacts.case_notice (due_at) where done_at is null;

do $$
declare
    name text;
begin
    foreach name in array array['case_link', 'case_file', 'case_notice'] loop
        execute format('alter table contacts.%I enable row level security', name);
        execute format('create policy everything on contacts.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('create policy tenant on contacts.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select, insert on contacts.%I to tachowatt_reader, tachowatt_contacts',
            name);
        execute format('grant all on contacts.%I to tachowatt_migrator', name);
    end loop;
end $$;
grant update (expires_at, opened_at, revoked_at, revoked_by) on contacts.case_link
    to tachowatt_reader, tachowatt_contacts;
grant update (done_at, channel, reason) on contacts.case_notice to tachowatt_contacts;

-- A link is found before its tenant is known, as a key is.
create function access.case_link_of(id text) returns setof contacts.case_link
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select * from contacts.case_link where link_id = id $$;
revoke all on function access.case_link_of(text) from public;
grant execute on function access.case_link_of(text) to tachowatt_reader;
