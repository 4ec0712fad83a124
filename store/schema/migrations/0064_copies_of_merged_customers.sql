-- A customer reads the copies of their data that were asked for under any of their ids, not only under
-- the one that they sign in with (docs/adr/0057).
drop policy own on privacy.export;
create policy own on privacy.export to tachowatt_reader
    using (tenant = any (access.tenants()) and customer = any (access.customers()));
