-- Why intake of a partition has stopped, until somebody lets it go on; null = it has not.
alter table pipeline.partition add column stopped_because text;
