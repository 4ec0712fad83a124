-- The views of analysis and the comments on all tables are written by the program. Their form says
-- from which sources, so that a start of the same program leaves them alone.
alter table pipeline.layout add column analysis_form text;
comment on column pipeline.layout.analysis_form is
    'Digest of the sources that the views of analysis were made from; null = not made yet.';
