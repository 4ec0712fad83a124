#!/bin/sh
# Once, at the first start of an empty database: the logins of docs/roles.md. psql reads the
# passwords from their files, so that they stand in no command line.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set owner `cat /run/secrets/tw_owner_password`
\set ingest `cat /run/secrets/tw_ingest_password`
\set contacts `cat /run/secrets/tw_contacts_password`
\set api `cat /run/secrets/tw_api_password`
create role tachowatt_migrator;
create role tachowatt_writer;
create role tachowatt_reader;
create role tachowatt_contacts in role tachowatt_writer;
create role tw_owner login password :'owner' in role tachowatt_contacts, tachowatt_reader;
create role tw_ingest login password :'ingest' in role tachowatt_writer;
create role tw_contacts login password :'contacts' in role tachowatt_contacts;
create role tw_api login password :'api' in role tachowatt_reader;
create database tachowatt owner tw_owner;
\connect tachowatt
create extension if not exists timescaledb;
SQL
