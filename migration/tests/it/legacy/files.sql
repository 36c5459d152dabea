insert into user_files (id, user_id, file_name, file_path, file_type, file_size, created_at, updated_at) values
    ('f0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'plan.pdf', 'uploads/ana/plan.pdf', 'application/pdf', 1234, '2024-04-01 10:00', null),
    ('f0000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000003', 'foto.png', 'uploads/ana/foto.png', 'image/png', 77, '2024-04-02 10:00', '2024-04-03 10:00'),
    ('f0000000-0000-4000-8000-000000000003', null, 'de nadie.pdf', 'uploads/nadie.pdf', 'application/pdf', 5, null, null),
    ('f0000000-0000-4000-8000-000000000004', 'a0000000-0000-4000-8000-000000000002', null, 'uploads/ben/x', null, null, null, null),
    ('f0000000-0000-4000-8000-000000000005', 'a0000000-0000-4000-8000-000000000002', 'sin camino.pdf', null, 'application/pdf', 5, null, null);
