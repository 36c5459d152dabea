-- The digest of each repeatable script (routines/, views/, triggers/, policies/) as it was applied.
create table repeatable_scripts (
    id         uuid primary key default gen_random_uuid(),
    name       text not null constraint repeatable_scripts_name_key unique,
    digest     bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table repeatable_scripts enable row level security;
alter table repeatable_scripts force row level security;
