insert into users (id, phone_number, name)
    values ('00000000-0000-0000-0000-000000000000', '+0000000001', 'Temporary Test User')
    on conflict do nothing;
