-- Weather at places, measured and forecast, for facts about customers (customer_context/facts/weather.py).
create table contacts.weather (
    tenant        text not null references customers.tenant,
    place         text not null,
    at            timestamptz not null,
    temperature_c double precision,
    hail          boolean,
    recorded_at   timestamptz not null,
    primary key (tenant, place, at)
);
comment on table contacts.weather is
    'Hours of weather at a place, measured or forecast: of each hour what was imported last.';
comment on column contacts.weather.place is
    'The place, as the tenant names it; empty = where a customer has no place of their own.';
comment on column contacts.weather.at is 'Begin of the hour.';
comment on column contacts.weather.temperature_c is 'Outdoor temperature, °C; null = not known.';
comment on column contacts.weather.hail is 'Hail in this hour; null = the source does not say.';
comment on column contacts.weather.recorded_at is 'When it was imported: a forecast of long ago is none.';

create table contacts.weather_place (
    tenant      text not null,
    customer    text not null,
    place       text not null,
    recorded_at timestamptz not null,
    primary key (tenant, customer),
    foreign key (tenant, customer) references customers.customer (tenant, customer)
);
comment on table contacts.weather_place is 'At which place the weather of a customer is asked.';
comment on column contacts.weather_place.place is 'Of contacts.weather.';
comment on column contacts.weather_place.recorded_at is 'When it was recorded.';

do $$
declare
    name text;
begin
    foreach name in array array['weather', 'weather_place'] loop
        execute format('alter table contacts.%I enable row level security', name);
        execute format('create policy everything on contacts.%I '
            'to tachowatt_migrator, tachowatt_contacts using (true)', name);
        execute format('create policy tenant on contacts.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select on contacts.%I to tachowatt_reader, tachowatt_contacts', name);
        execute format('grant all on contacts.%I to tachowatt_migrator', name);
    end loop;
end $$;
